// A data set whose answer is known: which frequencies carry the label is set by options.
#pragma once

#include "data/dataset.h"

namespace hfc::data {

struct SyntheticOptions {
    int64_t train = 400;  ///< training images
    int64_t test = 200;   ///< test images
    int64_t classes = 10;
    int64_t size = 32;  ///< height and width in pixels
    int64_t channels = 3;
    double low = 0.25;     ///< strength of the low-frequency pattern of the class: its standard
                           ///< deviation as a share of the pixel range's half
    double high = 0.125;   ///< strength of the high-frequency pattern, likewise
    double noise = 0.125;  ///< standard deviation of the pixel noise, likewise
    double low_correlation = 1;   ///< probability that the low pattern is the label's; otherwise it
                                  ///< is that of a class drawn at random
    double high_correlation = 1;  ///< the same for the high pattern
    double low_radius = 4;    ///< the low patterns' frequencies: distance <= low_radius, in bins
    double high_radius = 12;  ///< the high patterns' frequencies: distance > high_radius
    uint64_t seed = 0;
};

/// image = 0.5 + 0.5 (low * pattern_low[class] + high * pattern_high[class] + noise), clipped to
/// [0,1], stored as bytes. The patterns are fixed random fields of each class, band-limited, of
/// zero mean and unit variance in each channel. The same on every machine. Throws Error for a
/// setting out of range.
///
/// The answer is known as long as hardly anything is clipped: clipping bends the low pattern, which
/// puts harmonics of it, and so the label, into the high frequencies. Keep sqrt(low^2 + high^2 +
/// noise^2) at about 0.3 or below, as the defaults do (0.1 % of the values are clipped). At twice
/// the strength a linear classifier reads the low pattern's class from the frequencies beyond 12 in
/// 66 % of the images; one that looks at where they are strong, in all.
Pair synthetic(const SyntheticOptions& options = {});

}  // namespace hfc::data
