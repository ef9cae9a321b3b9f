#include "tools/register_options.hpp"

#include <spdlog/spdlog.h>

#include <filesystem>
#include <sstream>
#include <utility>

#include "pipeline/io/vector/database_target.hpp"
#include "pipeline/record/chain.hpp"
#include "pipeline/register/register_as_of.hpp"
#include "tools/common_options.hpp"

namespace pitwatch::tools {
namespace po = boost::program_options;
namespace fs = std::filesystem;

po::options_description register_options() {
  po::options_description what("Which register");
  what.add_options()                                                                                          //
      ("state", po::value<std::string>()->value_name("DIR"), "folder of the nightly run: its register.gpkg")  //
      ("register", po::value<std::string>()->value_name("TARGET"),
       "a GeoPackage, or a database such as PG:dbname=...; goes before --state");
  return what;
}

std::string register_target(const po::variables_map& values) {
  if (values.count("register") != 0) return values["register"].as<std::string>();
  if (values.count("state") != 0) return values["state"].as<std::string>() + "/register.gpkg";
  return {};
}

std::string required_register_target(const po::variables_map& values) {
  std::string target = register_target(values);
  if (target.empty()) throw ConfigError("--state DIR or --register TARGET is missing; see pitwatch alerts --help");
  return target;
}

std::string state_of_register(const po::variables_map& values, const std::string& target) {
  if (values.count("state") != 0) return values["state"].as<std::string>();
  if (is_database(target)) return {};
  const std::string folder = fs::path(target).parent_path().string();
  return folder.empty() ? "." : folder;
}

bool has_record(const std::string& state) {
  std::error_code none;
  return fs::exists(runs_folder(state) + "/HEAD", none);
}

void add_as_of_option(po::options_description& options) {
  options.add_options()  //
      ("as-of", po::value<std::string>()->value_name("DATE"),
       "alerts as they were at the last acquisition up to DATE, a day whole, as the newest revision of their history "
       "tells: outline, area, class, status, confidence, superseded or not; those detected later are left out. "
       "last_detected, last_observed and observations are then those of the newest event by that date, at least; "
       "reviews, scenes, change and parents are today's; area_uncertainty_ha and what layers say are of today's "
       "outline "
       "and left out where that is another");
}

std::optional<Instant> read_as_of(const po::variables_map& values) { return parse_period_end(values, "as-of"); }

AlertSet register_as_of(const std::string& target, const RegisterContent& content, Instant at) {
  AlertsAsOf then = alerts_as_of(content.alerts, read_history(target), at);
  if (then.present_outlines > 0) {
    spdlog::warn("{} of {} alerts: their outline then is not recorded, the present one is given", then.present_outlines,
                 then.alerts.size());
  }
  return {std::move(then.alerts), true, at, then.without_facts};
}

std::vector<std::string> list_option(const po::variables_map& values, const char* option) {
  std::vector<std::string> items;
  if (values.count(option) == 0) return items;
  std::istringstream in(values[option].as<std::string>());
  for (std::string item; std::getline(in, item, ',');) items.push_back(item);
  if (items.empty()) throw ConfigError("--" + std::string(option) + ": is empty");
  return items;
}

}  // namespace pitwatch::tools
