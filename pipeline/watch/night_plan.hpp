#pragma once
// The plan of a night in units of work, and its files in the state:
//
//   STATE/plan.jsonl              a line of JSON about the plan, then one for each unit
//   STATE/units/PLAN/.scenes      the scenes that each unit is to look at, as they were listed
//   STATE/units/PLAN/UNIT.json    what became of a unit (unit_outcome.hpp)
//   STATE/units/PLAN/.merged.json which of them are on record
//
// There is one plan at a time. A state may come from anywhere: what is read is checked and bounded.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/core/date.hpp"
#include "pipeline/record/manifest.hpp"
#include "pipeline/watch/watch.hpp"

namespace pitwatch {

inline constexpr int plan_format = 1;

/// Where in .scenes the scenes of a unit are. None: it lists the source itself.
struct SceneBlock {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  std::string sha256;
};

/// The acquisitions that are to be taken in at one site, or at one pane of a large one.
struct PlannedUnit {
  std::string unit;  // its id: SITE, or SITE:PANE
  std::string site;
  int pane = 0;              // by its place among those of the site
  int acquisitions = 0;      // after it
  int new_acquisitions = 0;  // of these
  int replayed = 0;
  std::vector<std::string> inputs;  // scenes of the new acquisitions
  std::int64_t memory_bytes = 0;    // expected, of the process
  double seconds = 0;               // expected, of one core
  std::optional<SceneBlock> scenes;
};

struct NightPlan {
  std::string id;  // 16 hexadecimal digits, over all that follows but `made`
  Instant made{};
  std::string record;  // manifest that the plan builds on; empty: none
  std::string sites_sha256;
  NamedTexts options;                                        // of all commands of the night, in clear
  std::optional<Instant> until;                              // the newest acquisition that the source listed
  std::vector<std::pair<std::string, std::string>> skipped;  // item of the source, and why
  std::vector<PlannedUnit> units;                            // in the order of sites

  const PlannedUnit* find(const std::string& unit) const;
};

/// The options that plan, units and merge must have in common, by name.
NamedTexts common_options_of(const WatchOptions& options);

/// Throws ConfigError, naming the first of the options that are others than those of the plan.
void expect_options(const NightPlan& plan, const WatchOptions& options);

/// Sets the plan's id by its content.
void set_id(NightPlan& plan);

/// The lines.
std::string plan_text(const NightPlan& plan);

/// The same back. Throws DataError for what is no plan.
NightPlan parse_plan(const std::string& text);

std::string plan_path(const std::string& state);
std::string units_folder(const std::string& state, const std::string& plan);

/// The plan of a state; nothing where there is none. Throws DataError, starting with the path.
std::optional<NightPlan> read_plan(const std::string& state);

/// Removes the plan and what its units left beside the sites' states.
void forget_plan(const std::string& state);

/// Notes that a plan is merged, but for these units.
void note_merged(const std::string& state, const std::string& plan, const std::vector<std::string>& missing);

/// The units that a merged plan lacks; nothing where it was not merged.
std::optional<std::vector<std::string>> missing_when_merged(const std::string& state, const std::string& plan);

/// Whether the result of a unit is on record.
bool is_merged(const std::string& state, const std::string& plan, const std::string& unit);

}  // namespace pitwatch
