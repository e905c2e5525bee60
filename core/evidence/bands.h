// Joins the curves of several runs into one: the mean at each x, with its interval as a band.
#pragma once

#include "run/figure.h"

#include <string>
#include <vector>

namespace hfc::evidence {

/// The curves of one run, and their label in a figure: runs with the same label are joined.
struct RunCurves {
    std::string label;
    run::Events events;
};

/// A figure: its name and its contents.
struct BandFigure {
    std::string name;
    run::FigureOptions options;
    std::vector<plot::Panel> panels;
};

/// Whether a label is part of a panel's name (each label has its own panels) or of a curve's name
/// (all labels share one panel).
enum class Labels { panels, curves };

/// Makes one figure for each numeric key of the events ("accuracy", "loss") and one for each curve
/// logged by Run::curve. Numbers are plotted against the epoch or, if there are no epochs, against
/// the step. Runs without events are skipped.
std::vector<BandFigure> band_figures(const std::vector<RunCurves>& runs, Labels labels);

}  // namespace hfc::evidence
