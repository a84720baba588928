/**
 * Written by `node bench/fit-abstention.ts`; do not edit. Out of fold:
 *   {"set":"all fitted","n":7949,"n_answerable":4006,"auc":0.9268,"auc_low":0.9142,"auc_high":0.9379,"balanced_accuracy":0.8561,"abstains_rightly":0.8701,"answers_rightly":0.842,"first_sentence_right":0.7393,"first_low":0.7104,"first_high":0.7671}
 *   {"set":"xquad-en","n":2380,"n_answerable":1182,"auc":0.952,"auc_low":0.9383,"auc_high":0.9633,"balanced_accuracy":0.8897,"abstains_rightly":0.8664,"answers_rightly":0.9129,"first_sentence_right":0.7849,"first_low":0.7513,"first_high":0.8145}
 *   {"set":"xquad-de","n":2380,"n_answerable":1168,"auc":0.9358,"auc_low":0.9195,"auc_high":0.9479,"balanced_accuracy":0.8654,"abstains_rightly":0.9208,"answers_rightly":0.8099,"first_sentence_right":0.7543,"first_low":0.7224,"first_high":0.7848}
 *   {"set":"xquad-zh","n":2380,"n_answerable":1180,"auc":0.9183,"auc_low":0.9005,"auc_high":0.9338,"balanced_accuracy":0.8496,"abstains_rightly":0.8967,"answers_rightly":0.8025,"first_sentence_right":0.7534,"first_low":0.7212,"first_high":0.7878}
 *   {"set":"scifact","n":809,"n_answerable":476,"auc":0.8253,"auc_low":0.7989,"auc_high":0.8549,"balanced_accuracy":0.723,"abstains_rightly":0.6036,"answers_rightly":0.8424,"first_sentence_right":0.5546,"first_low":0.5084,"first_high":0.6029}
 *   {"set":"mtrag-un","n":148,"n_answerable":148,"answers_rightly":0.6014}
 */

/** cover, contextGain, pairs, cue, passageScore, passageCover, length, first, numbers, asks, row */
export const rankWeights: readonly number[] = [9.138, 5.8606, 0.5904, 1.7103, 6.0564, 1.8316, -0.0131, -0.0401, 1.0253, -3, -0.0091]

/** bestCover, bestContextCover, passageCover, topThreeCover, rareCover, entityMissing, typedCover, pairs, margin, terms */
export const abstention = {
  intercept: -5.8002,
  weights: [1.0349, 2.5096, 1.9292, 0.8686, -0.5733, -1.3374, 1.5025, 1.8638, 2.5263, 1.7365],
  threshold: 0.5,
}
