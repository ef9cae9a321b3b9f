#pragma once
// The course of an alert over time as a drawing.

#include <string>

#include "pipeline/dossier/alert_dossier.hpp"
#include "pipeline/dossier/texts.hpp"
#include "pipeline/plot/time_plot.hpp"

namespace pitwatch {

/// Panels: of NDVI and of the feature that speaks most what was seen and what was expected, the probability, and the
/// area by the events; where no observations are kept, the latter alone.
TimePlot course_plot(const AlertDossier& dossier, const Texts& texts);

/// A drawing as an element of a page: SVG without a prolog, scaled to its place.
std::string inline_svg(const Drawing& drawing, const std::string& alt);

}  // namespace pitwatch
