#include "pipeline/register/register_coverage.hpp"

#include <map>
#include <set>
#include <string>
#include <tuple>

namespace pitwatch {
namespace {

using Key = std::tuple<std::string, CoverageKind, Instant, std::string, std::string>;

Key key_of(const RegisteredCoverage& row) { return {row.site, row.kind, row.begins, row.satellite, row.orbit}; }

/// Whether the register would have the same in both, but for the time of recording.
bool same_coverage(const RegisteredCoverage& a, RegisteredCoverage b) {
  b.recorded_at = a.recorded_at;
  return row_of(a) == row_of(b);
}

/// What was blind ground at a time stays so.
bool can_be_withdrawn(const RegisteredCoverage& row) {
  return row.kind != CoverageKind::blind_ground && row.standing != CoverageStanding::withdrawn;
}

}  // namespace

std::vector<RegisteredCoverage> new_coverage(std::span<const RegisteredCoverage> known, const CoverageUpdate& update,
                                             Instant now) {
  std::map<Key, RegisteredCoverage> newest;
  for (const RegisteredCoverage& row : known) newest.insert_or_assign(key_of(row), row);
  std::map<Key, RegisteredCoverage> current;
  for (const RegisteredCoverage& row : update.rows) current.insert_or_assign(key_of(row), row);
  std::vector<RegisteredCoverage> added;
  for (auto& [key, row] : current) {
    const auto before = newest.find(key);
    if (before != newest.end() && same_coverage(before->second, row)) continue;
    row.recorded_at = now;
    added.push_back(row);
  }
  for (const auto& [key, before] : newest) {
    if (update.sites.count(before.site) == 0 || current.count(key) != 0 || !can_be_withdrawn(before)) continue;
    RegisteredCoverage row;
    std::tie(row.site, row.kind, row.begins, row.satellite, row.orbit) = key;
    row.standing = CoverageStanding::withdrawn;
    row.recorded_at = now;
    added.push_back(std::move(row));
  }
  return added;
}

}  // namespace pitwatch
