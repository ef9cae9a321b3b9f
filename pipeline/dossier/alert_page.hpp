#pragma once
// The dossier of an alert as the values of its page.

#include <string>

#include "pipeline/dossier/alert_dossier.hpp"
#include "pipeline/dossier/page_values.hpp"
#include "pipeline/dossier/texts.hpp"

namespace pitwatch {

/// Values for templates/alert.mustache, in the language of the texts. `has_index`: an index.html lies beside it.
PageValues alert_page(const AlertDossier& dossier, const DossierRecord& record, const Texts& texts, bool has_index);

/// "40.1461° N, 46.6132° E"
std::string place_text(LonLat place, const Texts& texts);

/// What the record was when this was made.
std::string as_of_text(const DossierRecord& record, std::optional<Instant> newest, const Texts& texts);

/// Rows on the chain of manifests: name, value, is_hash.
PageValues custody_facts(const DossierRecord& record, const Texts& texts);

}  // namespace pitwatch
