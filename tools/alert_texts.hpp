#pragma once
// Alerts as people and programs read them on stdout.

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "pipeline/core/alert.hpp"
#include "pipeline/register/register.hpp"

namespace pitwatch::tools {

/// "0.42"
std::string hectares(double area_ha);

/// A row for each alert.
std::string table_text(const std::vector<OutlinedAlert>& alerts);

/// The properties of an alert, with its id first.
nlohmann::ordered_json json_of(const Alert& alert);

/// Indented; bytes that are not UTF-8 as U+FFFD.
std::string text_of(const nlohmann::ordered_json& document);

/// One alert, and what is recorded of it.
struct Dossier {
  OutlinedAlert outlined;
  std::vector<RegisteredEvent> events;
  std::vector<RegisteredReview> reviews;
  std::vector<RegisteredFact> facts;  // all that layers said of it
};

nlohmann::ordered_json json_of(const Dossier& dossier);
std::string text_of(const Dossier& dossier);

}  // namespace pitwatch::tools
