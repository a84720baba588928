/**
 * Written by `node bench/fit-abstention.ts`; do not edit. Out of fold:
 *   {"set":"all fitted","n":7949,"n_answerable":4006,"auc":0.9268,"auc_low":0.9143,"auc_high":0.938,"balanced_accuracy":0.8559,"abstains_rightly":0.8742,"answers_rightly":0.8375,"first_sentence_right":0.7396,"first_low":0.7104,"first_high":0.7671}
 *   {"set":"xquad-en","n":2380,"n_answerable":1182,"auc":0.9519,"auc_low":0.9382,"auc_high":0.9631,"balanced_accuracy":0.8913,"abstains_rightly":0.8723,"answers_rightly":0.9103,"first_sentence_right":0.7849,"first_low":0.7513,"first_high":0.8145}
 *   {"set":"xquad-de","n":2380,"n_answerable":1168,"auc":0.9358,"auc_low":0.9193,"auc_high":0.9481,"balanced_accuracy":0.8645,"abstains_rightly":0.9216,"answers_rightly":0.8074,"first_sentence_right":0.756,"first_low":0.7237,"first_high":0.7863}
 *   {"set":"xquad-zh","n":2380,"n_answerable":1180,"auc":0.9183,"auc_low":0.9005,"auc_high":0.9338,"balanced_accuracy":0.8487,"abstains_rightly":0.9008,"answers_rightly":0.7966,"first_sentence_right":0.7525,"first_low":0.7204,"first_high":0.7867}
 *   {"set":"scifact","n":809,"n_answerable":476,"auc":0.8258,"auc_low":0.7993,"auc_high":0.8554,"balanced_accuracy":0.7223,"abstains_rightly":0.6126,"answers_rightly":0.8319,"first_sentence_right":0.5546,"first_low":0.5084,"first_high":0.6029}
 *   {"set":"mtrag-un","n":148,"n_answerable":148,"answers_rightly":0.5946}
 */

/** cover, contextGain, pairs, cue, passageScore, passageCover, length, first, numbers, asks, row */
export const rankWeights: readonly number[] = [9.1045, 5.806, 0.6103, 1.7064, 6.0587, 1.8416, -0.0537, -0.0449, 1.0033, -3, -0.009]

/** bestCover, bestContextCover, passageCover, topThreeCover, rareCover, entityMissing, typedCover, pairs, margin, terms */
export const abstention = {
  intercept: -5.8003,
  weights: [1.0344, 2.5133, 1.927, 0.8862, -0.592, -1.3384, 1.4946, 1.8679, 2.5255, 1.733],
  threshold: 0.51,
}
