#include "pipeline/watch/unit_outcome.hpp"

#include <exception>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/json_values.hpp"
#include "pipeline/io/files/regular_file.hpp"
#include "pipeline/schedule/background.hpp"
#include "pipeline/watch/checked_json.hpp"
#include "pipeline/watch/night_plan.hpp"
#include "pipeline/watch/publish.hpp"
#include "pipeline/watch/site_state.hpp"

namespace pitwatch {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

ordered_json summary_json(const WatchReport::OfSite& summary) {
  return {{"acquisitions", summary.acquisitions}, {"new_acquisitions", summary.new_acquisitions},
          {"replayed", summary.replayed},         {"learning", summary.learning},
          {"relearnt", summary.relearnt},         {"open", summary.open}};
}

ordered_json paths_json(const std::vector<std::string>& paths, const std::string& state) {
  ordered_json list = ordered_json::array();
  for (const std::string& path : paths) list.push_back(path_in(state, path));
  return list;
}

std::string failure_text(const std::exception_ptr& failure) {
  if (!failure) return {};
  try {
    std::rethrow_exception(failure);
  } catch (const DataError& error) {  // another one ends the process, and leaves no outcome
    return error_chain(error);
  }
}

ordered_json pane_json(const PaneOutcome& pane, const std::string& state) {
  const WatchReport& remarks = pane.remarks;
  TextPairs late;
  for (const LateScene& scene : remarks.late) late.emplace_back(scene.notice.what, scene.notice.why);
  return {{"summary", summary_json(pane.summary)},
          {"checkpoint", pane.checkpoint.empty() ? "" : path_in(state, pane.checkpoint)},
          {"failure", failure_text(pane.failure)},
          {"has_standing", !remarks.standings.empty()},
          {"missing", remarks.missing.size()},
          {"skipped", pairs_json(remarks.skipped)},
          {"unusable", pairs_json(remarks.unusable)},
          {"late", pairs_json(late)},
          {"written", paths_json(remarks.written, state)},
          {"obsolete", paths_json(remarks.obsolete, state)},
          {"chip_places", remarks.chip_places}};
}

WatchReport::OfSite summary_of(const json& value, const std::string& site) {
  const CheckedObject object(value);
  WatchReport::OfSite summary;
  summary.id = site;
  summary.acquisitions = static_cast<int>(object.number("acquisitions"));
  summary.new_acquisitions = static_cast<int>(object.number("new_acquisitions"));
  summary.replayed = static_cast<int>(object.number("replayed"));
  summary.learning = object.flag("learning");
  summary.relearnt = object.flag("relearnt");
  summary.open = static_cast<int>(object.number("open"));
  return summary;
}

/// A path of the site's folder, which a merge may remove.
void expect_within(const std::string& path, const std::string& folder) {
  if (!is_output_path(path) || !path.starts_with(folder)) throw DataError("'" + path + "' is no path of the unit");
}

std::vector<std::string> paths_of(const CheckedObject& object, const char* key, const std::string& state,
                                  const std::string& folder) {
  std::vector<std::string> paths;
  for (const std::string& path : object.texts(key)) {
    expect_within(path, folder);
    paths.push_back(state + "/" + path);
  }
  return paths;
}

/// Takes from the record what is this pane's: they stand there pane after pane.
void take_from(Manifest& record, bool has_standing, std::size_t missing, const std::string& folder, PaneOutcome& pane) {
  if (missing > record.missing.size()) throw DataError("'missing' is more than there are");
  const auto end = record.missing.begin() + static_cast<std::ptrdiff_t>(missing);
  for (auto one = record.missing.begin(); one != end; ++one) pane.remarks.missing.push_back({std::move(*one), true});
  record.missing.erase(record.missing.begin(), end);
  if (!has_standing) return;
  if (record.sites.empty()) throw DataError("'sites' has too few");
  for (const CheckpointFile& file : record.sites.front().checkpoints) expect_within(file.path, folder);
  pane.remarks.standings.push_back(std::move(record.sites.front()));
  record.sites.erase(record.sites.begin());
}

PaneOutcome pane_of(const json& value, const WatchedSite& watched, const Pane& pane, Manifest& record) {
  const CheckedObject object(value);
  const std::string& state = watched.options.state;
  const std::string place = place_of(watched.site, pane);
  const std::string folder = "sites/" + place + "/";
  PaneOutcome outcome;
  outcome.summary = summary_of(object.at("summary"), watched.site.id);
  outcome.checkpoint = object.text("checkpoint");
  if (!outcome.checkpoint.empty()) {
    expect_within(outcome.checkpoint, folder);
    outcome.checkpoint.insert(0, state + "/");
  }
  const std::string failure = object.text("failure");
  if (!failure.empty()) outcome.failure = std::make_exception_ptr(DataError(failure));
  outcome.remarks.skipped = object.text_pairs("skipped");
  outcome.remarks.unusable = object.text_pairs("unusable");
  for (auto& [what, why] : object.text_pairs("late")) outcome.remarks.late.push_back({{what, why, {}}, true});
  outcome.remarks.written = paths_of(object, "written", state, folder);
  outcome.remarks.obsolete = paths_of(object, "obsolete", state, folder);
  outcome.remarks.chip_places = object.texts("chip_places");
  for (const std::string& one : outcome.remarks.chip_places) {
    if (one != place) throw DataError("'chip_places' names another place");
  }
  take_from(record, object.flag("has_standing"), static_cast<std::size_t>(object.number("missing")), folder, outcome);
  return outcome;
}

}  // namespace

std::string outcome_path(const std::string& state, const std::string& plan, const std::string& unit) {
  return units_folder(state, plan) + "/" + unit + ".json";
}

std::string outcome_text(const UnitOutcome& outcome, const std::string& state) {
  Manifest record = outcome.record;
  ordered_json panes = ordered_json::array();
  for (const PaneOutcome& pane : outcome.panes) {
    for (const SiteStanding& standing : pane.remarks.standings) record.sites.push_back(standing);
    for (const AbsentAcquisition& missing : pane.remarks.missing) record.missing.push_back(missing.of);
    panes.push_back(pane_json(pane, state));
  }
  const ordered_json object{{"format", outcome_format},
                            {"plan", outcome.plan},
                            {"unit", outcome.unit},
                            {"panes", std::move(panes)},
                            {"record", ordered_json::parse(manifest_text(record))}};
  return object.dump(1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

UnitOutcome parse_outcome(const std::string& text, const WatchedSite& watched) {
  const std::vector<Pane> panes = panes_of(watched);
  const json value = parse_json(text);
  const CheckedObject object(value);
  if (object.number("format") != outcome_format) throw DataError("is of a format that this program does not know");
  UnitOutcome outcome;
  outcome.plan = object.text("plan");
  outcome.unit = object.text("unit");
  outcome.record = parse_manifest(object.at("record").dump());
  for (const SiteStanding& standing : outcome.record.sites) {
    if (standing.id != watched.site.id) throw DataError("is of another site");
  }
  for (const MissingAcquisition& missing : outcome.record.missing) {
    if (missing.site != watched.site.id) throw DataError("is of another site");
  }
  const json& list = object.list("panes");
  if (list.size() != panes.size()) throw DataError("'panes' are not those of the site");
  for (std::size_t i = 0; i < panes.size(); ++i) {
    outcome.panes.push_back(pane_of(list[i], watched, panes[i], outcome.record));
  }
  if (!outcome.record.sites.empty() || !outcome.record.missing.empty()) throw DataError("'record' has too many");
  return outcome;
}

std::optional<UnitOutcome> read_outcome(const std::string& plan, const std::string& unit, const WatchedSite& watched) {
  const std::string path = outcome_path(watched.options.state, plan, unit);
  try {
    const auto text = read_regular_file(path, largest_manifest_bytes);
    if (!text) return {};
    UnitOutcome outcome = parse_outcome(*text, watched);
    if (outcome.plan != plan || outcome.unit != unit) throw DataError("is of another unit");
    for (const PaneOutcome& pane : outcome.panes) {
      std::error_code none;
      if (!pane.checkpoint.empty() && !std::filesystem::is_regular_file(pane.checkpoint, none)) {
        throw DataError(pane.checkpoint + " is gone");
      }
    }
    return outcome;
  } catch (const DataError& error) {
    throw DataError(path + ": " + error_chain(error));
  }
}

void add_alerts(const WatchedSite& watched, UnitOutcome& outcome) {
  const std::vector<Pane> panes = panes_of(watched);
  for (std::size_t i = 0; i < panes.size(); ++i) {
    PaneOutcome& pane = outcome.panes[i];
    if (pane.failure || pane.checkpoint.empty()) continue;
    const StateTerms terms{watched.algorithm, watched.in_clear, panes[i].grid};
    const std::string different = differences(read_state_head(pane.checkpoint), terms);
    if (!different.empty()) throw DataError(pane.checkpoint + ": was learnt with other options: " + different);
    const SiteState state = read_site_state(pane.checkpoint, terms.grid, in_parallel, StateParts::incidents);
    if (static_cast<int>(state.acquisitions.size()) != pane.summary.acquisitions) {
      throw DataError(pane.checkpoint + ": is not the one that the unit left");
    }
    add_alerts(state, watched, terms.grid, pane);
  }
}

}  // namespace pitwatch
