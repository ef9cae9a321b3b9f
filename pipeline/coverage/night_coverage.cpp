#include "pipeline/coverage/night_coverage.hpp"

#include <chrono>
#include <iterator>
#include <utility>

#include "pipeline/coverage/site_coverage.hpp"
#include "pipeline/register/register.hpp"
#include "pipeline/schedule/background.hpp"

namespace pitwatch {
namespace {

using std::chrono::days;

/// What is different every day as long as it goes on is said once it has ended.
void end_row(RegisteredCoverage& row, Instant end, int length, int expected, int received, int masked) {
  row.standing = CoverageStanding::ended;
  row.ends = end;
  row.days = length;
  row.expected = expected;
  row.received = received;
  row.masked = masked;
}

void add_rows(const SiteCoverage& site, const CoverageOptions& options, CoverageUpdate& update) {
  update.sites.insert(site.site);
  RegisteredCoverage row;
  row.site = site.site;
  for (const FeedGap& gap : site.feed.gaps) {
    RegisteredCoverage& of_gap = update.rows.emplace_back(row);
    of_gap.begins = gap.first_day;
    const bool is_over = gap.last_day < std::chrono::floor<days>(options.feed.until);
    if (is_over) end_row(of_gap, gap.last_day, gap.days, gap.counts.expected, gap.counts.received, gap.counts.masked);
  }
  row.kind = CoverageKind::outage;
  for (const FeedOutage& outage : site.feed.outages) {
    RegisteredCoverage& of_outage = update.rows.emplace_back(row);
    of_outage.satellite = outage.platform;
    of_outage.orbit = outage.orbit;
    of_outage.begins = outage.since;
    if (outage.until) end_row(of_outage, *outage.until, outage.days, outage.missed, 0, 0);
  }
  if (!site.sight) return;
  row.kind = CoverageKind::blind_ground;
  row.begins = site.sight->as_of - days(options.blind_days);
  row.standing = CoverageStanding::ended;
  row.ends = site.sight->as_of;
  row.days = options.blind_days;
  row.blind_share = blind_share(*site.sight);
  update.rows.push_back(std::move(row));
}

}  // namespace

NightCoverage night_coverage(const CoverageOptions& options, const Manifest& night, const CoverageRequest& request) {
  NightCoverage result;
  if (request.sites.empty()) return result;
  Coverage coverage;
  ClearShares shares = clear_shares(options.state, coverage);
  add_shares(night, shares);
  result.skipped = std::move(coverage.skipped);
  if (!result.skipped.empty()) return result;  // what only that manifest says would look like cloud
  std::vector<const SiteStanding*> asked;
  for (const SiteStanding& standing : night.sites) {
    if (standing.is_watched && request.sites.count(standing.id) != 0) asked.push_back(&standing);
  }
  struct Covered {
    SiteCoverage site;
    Coverage problems;
  };
  std::vector<Covered> covered(asked.size());
  in_parallel(static_cast<int>(asked.size()), [&](int i) {
    const SiteStanding& standing = *asked[static_cast<std::size_t>(i)];
    Covered& of_site = covered[static_cast<std::size_t>(i)];
    const bool with_pixels = request.with_pixels.count(standing.id) != 0;
    of_site.site = cover_site(options, standing, shares, with_pixels, {}, of_site.problems);
  });
  for (Covered& of_site : covered) {
    std::vector<std::pair<std::string, std::string>>& skipped = of_site.problems.skipped;
    if (skipped.empty()) add_rows(of_site.site, options, result.update);
    std::move(skipped.begin(), skipped.end(), std::back_inserter(result.skipped));
  }
  return result;
}

}  // namespace pitwatch
