#pragma once
// Which alerts of a register a command is about.

#include <array>
#include <boost/program_options.hpp>
#include <optional>
#include <string>
#include <vector>

#include "pipeline/core/alert.hpp"
#include "pipeline/core/date.hpp"
#include "pipeline/register/register.hpp"

namespace pitwatch::tools {

/// Which alerts are meant; what is empty lets all pass.
struct AlertFilter {
  std::vector<std::string> sites;
  std::vector<std::string> statuses;
  std::vector<std::string> classes;
  std::vector<std::string> reviews;           // verdicts, or "none"
  std::vector<std::string> licences;          // ids, of which it has ground in one
  std::string holder;                         // of a licence that it has ground in
  std::vector<std::string> licence_verdicts;  // or "none": not worked out
  std::optional<Instant> from;                // of last_detected
  std::optional<Instant> to;
  std::optional<Instant> detected_from;  // of first_detected
  std::optional<Instant> detected_to;
  std::optional<double> min_area_ha;
  std::optional<double> max_area_ha;
  std::optional<double> max_natural;
  std::optional<std::array<double, 4>> bbox;  // west, south, east, north
  std::string where;
  std::vector<AlertStatus> hidden;  // statuses that are left out because nobody asked for them
};

boost::program_options::options_description filter_options();

/// What they say. `hidden`: statuses that are left out unless --status or --all asks for them. Throws ConfigError.
AlertFilter read_filter(const boost::program_options::variables_map& values, std::vector<AlertStatus> hidden);

/// Warns of what was asked for and no alert has (a site, a licence), and of alerts that are hidden since their sites
/// are not watched any more.
void warn_of_unknown(const std::vector<OutlinedAlert>& alerts, const AlertFilter& filter);

/// Warns of alerts as of a date whose facts are left out, where the filter asks for facts that layers give: it passes
/// over them.
void warn_of_facts_left_out(std::size_t alerts, const AlertFilter& filter);

/// Those that pass, in their order. Throws ConfigError for a --where that is no filter.
std::vector<OutlinedAlert> selected(const std::vector<OutlinedAlert>& alerts, const AlertFilter& filter);

/// The one alert of that id, or whose id alone begins so. Throws ConfigError where there is none, or several.
const OutlinedAlert& find_alert(const std::vector<OutlinedAlert>& alerts, const std::string& id);

}  // namespace pitwatch::tools
