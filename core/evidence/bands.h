// Curves of several runs as one: the mean at each place, with its interval as a band.
#pragma once

#include "run/figure.h"

#include <string>
#include <vector>

namespace hfc::evidence {

/// The curves of one run, and what they are called in a figure: runs of one label are joined.
struct RunCurves {
    std::string label;
    run::Events events;
};

/// A figure: its name, and what it shows.
struct BandFigure {
    std::string name;
    run::FigureOptions options;
    std::vector<plot::Panel> panels;
};

/// Whether the labels stand in the names of the panels (each label has panels of its own) or of the
/// curves (all labels in one panel).
enum class Labels { panels, curves };

/// A figure for each key of numbers in the events ("accuracy", "loss") over the epoch, else over
/// the step, and one for each whole curve. Runs without events are passed over.
std::vector<BandFigure> band_figures(const std::vector<RunCurves>& runs, Labels labels);

}  // namespace hfc::evidence
