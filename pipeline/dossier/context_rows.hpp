#pragma once
// What layers said of an alert, as rows for a page.

#include "pipeline/dossier/alert_dossier.hpp"
#include "pipeline/dossier/page_values.hpp"
#include "pipeline/dossier/texts.hpp"

namespace pitwatch {

/// What holds of the alert as a whole: name, value, note. Empty where no layer has said anything.
PageValues context_facts(const AlertDossier& dossier, const Texts& texts);

/// A row for each feature, shared ground, ground of none, and nearest water or place.
PageValues context_rows(const AlertDossier& dossier, const Texts& texts);

}  // namespace pitwatch
