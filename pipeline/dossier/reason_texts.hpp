#pragma once
// What the program says in English (why an acquisition was skipped, what a figure of a water means), in the reader's
// language.

#include <string>

#include "pipeline/core/alert_context.hpp"
#include "pipeline/dossier/texts.hpp"

namespace pitwatch {

/// Why an acquisition showed nothing, a file cannot be read or a layer cannot be used. Words of masks have a text in
/// each language. All else are the program's own sentences: in English as they are; in other languages the kinds of
/// reasons that they name, with the bands and the first share in them; where they name none that is known, that the
/// record has the reason in English. Nothing of the sentence itself, which may hold anything, is in those.
std::string reason_text(const std::string& why, const Texts& texts);

/// The role of a layer, or the subject of a fact; one that is not known stays as it is.
std::string subject_text(const std::string& subject, const Texts& texts);

/// Numbers of a fact with what they are: shares and slopes by three digits, days as dates, whole numbers whole.
std::string figures_text(const ContextDetail& detail, const Texts& texts);

}  // namespace pitwatch
