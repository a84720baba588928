/**
 * Written by `node bench/fit-abstention.ts`; do not edit. On the held-out part:
 *   {"set":"xquad-en","n":840,"n_answerable":420,"auc":0.952,"auc_low":0.929,"auc_high":0.972,"answers_rightly":0.886,"abstains_rightly":0.888,"first_sentence_right":0.824,"calibration_error":0.039,"risk_at_25":0.09,"risk_at_50":0.243}
 *   {"set":"xquad-de","n":840,"n_answerable":413,"auc":0.946,"auc_low":0.924,"auc_high":0.966,"answers_rightly":0.804,"abstains_rightly":0.937,"first_sentence_right":0.758,"calibration_error":0.034,"risk_at_25":0.143,"risk_at_50":0.307}
 *   {"set":"xquad-zh","n":840,"n_answerable":419,"auc":0.924,"auc_low":0.889,"auc_high":0.948,"answers_rightly":0.792,"abstains_rightly":0.924,"first_sentence_right":0.783,"calibration_error":0.034,"risk_at_25":0.124,"risk_at_50":0.29}
 *   {"set":"scifact","n":317,"n_answerable":176,"auc":0.817,"auc_low":0.771,"auc_high":0.859,"answers_rightly":0.807,"abstains_rightly":0.624,"first_sentence_right":0.563,"calibration_error":0.079,"risk_at_25":0.375,"risk_at_50":0.497}
 *   {"set":"mtrag-un","n":130,"n_answerable":54,"auc":0.805,"auc_low":0.731,"auc_high":0.871,"answers_rightly":0.704,"abstains_rightly":0.737,"first_sentence_right":0.815,"calibration_error":0.128,"risk_at_25":0.333,"risk_at_50":0.462}
 *   {"set":"ferries","n":75,"n_answerable":49,"auc":0.67,"auc_low":0.527,"auc_high":0.785,"answers_rightly":0.388,"abstains_rightly":0.808,"first_sentence_right":0.51,"calibration_error":0.296,"risk_at_25":0.579,"risk_at_50":0.579}
 */

/** cover, contextGain, pairs, cue, passageScore, passageCover, length, first, numbers, asks, rowForReason */
export const rankWeights: readonly number[] = [8.6752, 5.0555, 0.5174, 1.7531, 6.2145, 1.2635, -0.1459, 0.0652, 1.3086, -3, -2]

/** bestCover, bestContextCover, passageCover, topThreeCover, rareCover, entityMissing, typedCover, pairs, margin, terms */
export const abstention = {
  intercept: -5.8419,
  weights: [1.1866, 1.9711, 1.9889, 1.1408, -0.4811, -1.2162, 1.514, 1.7913, 2.4539, 1.8271],
  threshold: 0.555,
}
