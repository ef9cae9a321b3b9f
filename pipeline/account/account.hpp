#pragma once
// The account of disturbed ground: hectares by site, date and class with their uncertainty, an inventory of objects,
// and how their ground recovers. Reads a register and, for the latter, scenes; writes to neither.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/account/counted.hpp"
#include "pipeline/account/inventory.hpp"
#include "pipeline/account/ledger.hpp"
#include "pipeline/account/reference_sample.hpp"
#include "pipeline/account/remediation.hpp"
#include "pipeline/core/alert.hpp"
#include "pipeline/core/date.hpp"
#include "pipeline/plot/drawing.hpp"
#include "pipeline/schedule/progress.hpp"
#include "pipeline/watch/watch.hpp"

namespace pitwatch {

enum class AccountDates : std::uint8_t {
  changes,  // acquisitions at which something changed
  months,   // the ends of months
};

struct AccountOptions {
  std::string register_target;
  std::string state;               // whose record tells of sites without alerts, too; empty: nothing does
  std::vector<std::string> sites;  // these alone; empty: all
  std::optional<Instant> from;     // rows before are left out, but what was disturbed by then counts
  std::optional<Instant> to;       // what happened later did not
  AccountDates dates = AccountDates::changes;
  double max_natural = default_max_natural;
  std::string reference;               // file of a reference sample; empty: none
  std::optional<WatchOptions> replay;  // of the nightly run, with sites and source: how ground recovers; none: not told
};

/// An object with what it is and how it is.
struct AccountObject {
  CountedObject counted;
  ObjectShape shape;  // of all ground that it ever had
  KindOfObject kind;
  std::int64_t disturbed_m2 = 0;           // of that ground, whosever it is
  std::optional<Remediation> remediation;  // nothing: no replay, or not of this site
};

struct AccountSite {
  std::string site;
  std::vector<LedgerRow> rows;  // of a watched site where nothing was disturbed: one that says so, of the end
  std::vector<AccountObject> objects;
  std::vector<LeftOutAlert> left_out;
  std::optional<ReferenceSample> sample;
};

struct Account {
  std::vector<AccountSite> sites;
  std::optional<Instant> until;                              // the newest acquisition that counts
  std::vector<std::string> remarks;                          // what a reader should know
  std::vector<std::pair<std::string, std::string>> skipped;  // scenes that were left out of the replay, and why
};

/// Throws ConfigError for a site of which there is neither an alert nor a record; DataError as read_register() and
/// read_reference(), and for a sample of another site, or of none where the account has several; of a replay as
/// watch().
Account account(const AccountOptions& options, const ProgressSink& progress);

/// A row per site, date and class, and one for all classes ("all"): hectares to the square metre.
std::string account_csv(const Account& account);

/// The same with the alerts that do not count and why, objects, and the accuracy by the reference sample.
std::string account_json(const Account& account);

/// Objects, and alerts that do not count (`counted` is false), as a collection of features (RFC 7946).
std::string account_geojson(const Account& account);

/// Hectares over time: disturbed and net with their intervals, then classes.
Drawing account_plot(const AccountSite& site);

}  // namespace pitwatch
