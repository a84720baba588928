/**
 * Written by `node bench/fit-abstention.ts`; do not edit. Out of fold:
 *   {"set":"all fitted","n":7949,"n_answerable":4006,"auc":0.9265,"auc_low":0.9139,"auc_high":0.9376,"balanced_accuracy":0.8554,"abstains_rightly":0.8686,"answers_rightly":0.8422,"first_sentence_right":0.7386,"first_low":0.7094,"first_high":0.765}
 *   {"set":"xquad-en","n":2380,"n_answerable":1182,"auc":0.9515,"auc_low":0.9378,"auc_high":0.963,"balanced_accuracy":0.8896,"abstains_rightly":0.8681,"answers_rightly":0.9112,"first_sentence_right":0.7849,"first_low":0.7513,"first_high":0.8142}
 *   {"set":"xquad-de","n":2380,"n_answerable":1168,"auc":0.936,"auc_low":0.9197,"auc_high":0.9482,"balanced_accuracy":0.8667,"abstains_rightly":0.9191,"answers_rightly":0.8142,"first_sentence_right":0.756,"first_low":0.7249,"first_high":0.7833}
 *   {"set":"xquad-zh","n":2380,"n_answerable":1180,"auc":0.9167,"auc_low":0.8994,"auc_high":0.9321,"balanced_accuracy":0.8463,"abstains_rightly":0.8908,"answers_rightly":0.8017,"first_sentence_right":0.7492,"first_low":0.7163,"first_high":0.7839}
 *   {"set":"scifact","n":809,"n_answerable":476,"auc":0.8262,"auc_low":0.8001,"auc_high":0.8558,"balanced_accuracy":0.7235,"abstains_rightly":0.6066,"answers_rightly":0.8403,"first_sentence_right":0.5546,"first_low":0.5105,"first_high":0.6029}
 *   {"set":"mtrag-un","n":148,"n_answerable":148,"answers_rightly":0.5338}
 */

/** cover, contextGain, pairs, cue, passageScore, passageCover, length, first, numbers, asks, row */
export const rankWeights: readonly number[] = [9.0709, 5.8488, 0.6658, 1.7234, 6.0856, 1.8543, -0.0175, -0.0409, 1.0358, -3, -0.0085]

/** bestCover, bestContextCover, passageCover, topThreeCover, rareCover, entityMissing, typedCover, pairs, margin, terms */
export const abstention = {
  intercept: -5.6456,
  weights: [1.0466, 2.4892, 1.8929, 0.8836, -0.7055, -1.3463, 1.5081, 1.9164, 2.5104, 1.6131],
  threshold: 0.495,
}
