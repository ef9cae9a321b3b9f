#pragma once
// What differs between two sets of alerts.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pipeline/register/register.hpp"

namespace pitwatch::tools {

struct AlertSet {
  std::vector<OutlinedAlert> alerts;
  bool is_register = false;       // of all classes and of all that ever were; a file may have left some out
  std::optional<Instant> as_of;   // a register as it stood then
  std::size_t without_facts = 0;  // as AlertsAsOf
};

enum class AlertChangeKind : std::uint8_t {
  appeared,       // stands in the second, not in the first
  went,           // the other way round
  came_and_went,  // is in the second alone, and stands no more
  grew,           // by more than the larger standard deviation of both areas, and than a hundredth of a hectare
  shrank,
  reclassified,
  status,  // is another
};

std::string_view name(AlertChangeKind kind);

struct AlertChange {
  AlertChangeKind kind = AlertChangeKind::appeared;
  const Alert* before = nullptr;  // of the first set; null where it has none
  const Alert* after = nullptr;   // of the second
  /// Of what appeared, went, or came and went: merged, relearnt, replayed (superseded, by others or by none),
  /// not_watched, watched_again, stands_again, natural (left out because of its probability), not_yet (first detected
  /// later), unknown; empty where there is nothing to say.
  std::string why;
  std::vector<std::string> by;  // ids of those that stand for it
};

/// By site, first detection and id. An alert stands unless it is superseded or not watched. Where a set is no register
/// and holds no alert of a class that alerts.geojson leaves out, those of the other are not compared with it. `record`
/// is asked why an alert is in one of two files only; it may be null. The sets must outlive the result.
std::vector<AlertChange> alert_changes(const AlertSet& first, const AlertSet& second, const RegisterContent* record);

std::string changes_text(const std::vector<AlertChange>& changes);  // a table for people
std::string changes_json(const std::vector<AlertChange>& changes);
std::string changes_csv(const std::vector<AlertChange>& changes);

}  // namespace pitwatch::tools
