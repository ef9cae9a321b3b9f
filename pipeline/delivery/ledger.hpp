#pragma once
// What each subscription was sent: STATE/delivery/ID.json.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/core/date.hpp"
#include "pipeline/delivery/news.hpp"

namespace pitwatch {

/// A mail that is on its way: it is written here before it is sent, so that one whose fate is not known is sent again
/// as the same mail.
struct MailOnItsWay {
  std::string message;                                  // whole, as it is sent
  std::vector<std::pair<std::string, NewsEvent>> news;  // alert, event; of the latter kind and number alone
};

struct Ledger {
  std::string subscription;
  Instant began{};
  NewsDoneByAlert done;
  std::int64_t delivered = 0;  // events
  std::optional<Instant> last_delivery;
  std::optional<MailOnItsWay> on_its_way;
  std::string problem;  // of the last attempt; empty: none
  std::optional<Instant> problem_since;
};

std::string ledger_path(const std::string& state, const std::string& subscription);

/// Nothing where the subscription has not been looked at yet. Throws DataError, starting with the path, for what is no
/// ledger of it: it is never begun anew by itself, for then all would be sent, or left out, once more.
std::optional<Ledger> read_ledger(const std::string& state, const std::string& subscription);

/// The same of a text. Throws DataError without the path.
Ledger parse_ledger(const std::string& text, const std::string& subscription);

/// The subscriptions of a state whose last attempt failed, by id: all but what was sent to them. A ledger that cannot
/// be read has that as its problem.
std::vector<Ledger> failing_ledgers(const std::string& state);

/// Whole or not at all. Throws IoError.
void write_ledger(const std::string& state, const Ledger& ledger);

}  // namespace pitwatch
