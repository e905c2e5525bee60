// Names from core/run that the viewer uses throughout.
#pragma once

#include "run/curve.h"
#include "run/run_data.h"

namespace hfc::viewer {

using run::Axis;
using run::Curve;
using run::Curves;
using run::Picture;
using run::RunData;
using run::Version;
using run::WholeCurves;

}  // namespace hfc::viewer
