#include "pipeline/dossier/site_dossier.hpp"

#include <algorithm>
#include <set>

#include "pipeline/account/account.hpp"
#include "pipeline/core/error.hpp"
#include "pipeline/io/vector/sites.hpp"
#include "pipeline/io/vector/vector_hash.hpp"

namespace pitwatch {
namespace {

std::set<std::string> sites_on_record(const DossierRecord& record) {
  std::set<std::string> sites;
  for (const auto& [site, acquisitions] : record.acquisitions) sites.insert(site);
  for (const OutlinedAlert& each : record.content.alerts) {
    if (each.alert.site) sites.insert(*each.alert.site);
  }
  return sites;
}

/// Of the sites file of the newest run, where it is still there as it was.
std::map<std::string, LonLatMultiPolygon> outlines_on_record(const DossierRecord& record) {
  if (record.sites_file.empty() || record.sites_sha256.empty()) return {};
  try {
    if (sha256_of_vector_file(record.sites_file) != record.sites_sha256) return {};
    return read_site_outlines(record.sites_file);
  } catch (const std::runtime_error&) {
    return {};  // gone, or not ours to read: the page says that it is not drawn
  }
}

std::optional<Coverage> coverage_on_record(const DossierRecord& record,
                                           std::vector<std::pair<std::string, std::string>>& skipped) {
  CoverageOptions options;
  options.state = record.state;
  for (const auto& [site, acquisitions] : record.acquisitions) {
    for (const RecordedAcquisition& one : acquisitions) options.feed.until = std::max(options.feed.until, one.acquired);
  }
  if (record.acquisitions.empty()) return std::nullopt;
  options.blind_days = CoverageOptions{}.blind_days;
  try {
    Coverage coverage = coverage_of(options);
    skipped.insert(skipped.end(), coverage.skipped.begin(), coverage.skipped.end());
    return coverage;
  } catch (const DataError& error) {
    skipped.emplace_back("coverage", error.what());
    return std::nullopt;
  }
}

void add_inventory(const AccountSite& account, SiteDossier& dossier) {
  std::map<ObjectKind, InventoryLine> lines;
  for (const AccountObject& object : account.objects) {
    InventoryLine& line = lines[object.kind.kind];
    line.kind = object.kind.kind;
    ++line.objects;
    line.area_ha += static_cast<double>(object.disturbed_m2) / 1e4;
  }
  for (const auto& [kind, line] : lines) dossier.inventory.push_back(line);
}

}  // namespace

std::vector<SiteDossier> site_dossiers(const DossierRecord& record, const std::string& register_target,
                                       const std::vector<std::string>& sites,
                                       std::vector<std::pair<std::string, std::string>>& skipped) {
  std::set<std::string> wanted = sites_on_record(record);
  for (const std::string& site : sites) {
    if (wanted.count(site) == 0) throw ConfigError("no site '" + site + "' is on record");
  }
  if (!sites.empty()) wanted = {sites.begin(), sites.end()};
  const std::map<std::string, LonLatMultiPolygon> outlines = outlines_on_record(record);
  std::optional<Coverage> coverage = coverage_on_record(record, skipped);
  AccountOptions account_options;
  account_options.register_target = register_target;
  const Account counted = account(account_options, [](std::string_view, double) {});
  std::vector<SiteDossier> dossiers;
  for (const std::string& site : wanted) {
    SiteDossier dossier;
    dossier.site = site;
    for (const OutlinedAlert& each : record.content.alerts) {
      if (each.alert.site == site && each.alert.status != AlertStatus::superseded) dossier.alerts.push_back(each);
    }
    std::stable_sort(dossier.alerts.begin(), dossier.alerts.end(),
                     [](const auto& a, const auto& b) { return a.alert.area_ha > b.alert.area_ha; });
    for (const AccountSite& one : counted.sites) {
      if (one.site == site) add_inventory(one, dossier);
    }
    if (coverage) {
      for (SiteCoverage& one : coverage->sites) {
        if (one.site == site) dossier.coverage = std::move(one);
      }
      dossier.coverage_options = coverage->options;
      dossier.blind_days = coverage->blind_days;
    }
    if (const auto found = record.acquisitions.find(site); found != record.acquisitions.end()) {
      dossier.acquisitions = found->second.size();
      dossier.newest_acquisition = found->second.back().acquired;
    }
    if (const auto outline = outlines.find(site); outline != outlines.end()) dossier.outline = outline->second;
    dossiers.push_back(std::move(dossier));
  }
  return dossiers;
}

}  // namespace pitwatch
