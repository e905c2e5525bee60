// A data set for which the right answer is known in advance: options determine which frequencies
// carry the label.
#pragma once

#include "data/dataset.h"

namespace hfc::data {

struct SyntheticOptions {
    int64_t train = 400;  ///< training images
    int64_t test = 200;   ///< test images
    int64_t classes = 10;
    int64_t size = 32;  ///< height and width in pixels
    int64_t channels = 3;
    /// Strength of the class's low-frequency pattern: its standard deviation, as a fraction of half
    /// the pixel range.
    double low = 0.25;
    double high = 0.125;   ///< strength of the high-frequency pattern, in the same unit
    double noise = 0.125;  ///< standard deviation of the pixel noise, in the same unit
    /// Probability that the low pattern belongs to the label; otherwise it belongs to a random
    /// class.
    double low_correlation = 1;
    double high_correlation = 1;  ///< the same for the high pattern
    /// The low patterns have frequencies at a distance <= low_radius from zero, in bins.
    double low_radius = 4;
    double high_radius = 12;  ///< the high patterns have frequencies at a distance > high_radius
    uint64_t seed = 0;
};

/// image = 0.5 + 0.5 (low * pattern_low[class] + high * pattern_high[class] + noise), clipped to
/// [0,1] and stored as bytes. The patterns are fixed random fields for each class, band-limited,
/// with zero mean and unit variance in each channel. They are the same on every machine. Throws
/// Error for an option out of range.
///
/// The answer is known as long as almost nothing is clipped. Clipping distorts the low pattern and
/// so creates harmonics of it, which carry the label into the high frequencies. Keep sqrt(low^2 +
/// high^2 + noise^2) at about 0.3 or below, as the defaults do (0.1 % of the values are clipped).
/// At twice this value, the frequencies beyond 12 reveal the class of the low pattern to a linear
/// classifier in 66 % of the images, and in all images to a classifier that uses the positions at
/// which these frequencies are strong.
Pair synthetic(const SyntheticOptions& options = {});

}  // namespace hfc::data
