#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <iostream>

#include "pipeline/core/error.hpp"
#include "pipeline/core/text.hpp"
#include "pipeline/io/alerts/alert_exports.hpp"
#include "pipeline/io/alerts/alerts_geojson.hpp"
#include "pipeline/io/files/atomic_file.hpp"
#include "pipeline/record/chain.hpp"
#include "pipeline/watch/publish.hpp"
#include "tools/alert_filter.hpp"
#include "tools/command_alerts.hpp"
#include "tools/common_options.hpp"
#include "tools/output_guard.hpp"
#include "tools/register_options.hpp"

namespace pitwatch::tools {
namespace po = boost::program_options;
namespace fs = std::filesystem;

namespace {

constexpr std::array<std::string_view, 4> formats{"geojson", "gpkg", "csv", "kml"};

/// What the ending of a file's name says; empty where it is none of ours.
std::string format_of_name(const std::string& path) {
  const std::string ending = lower_ascii(fs::path(path).extension().string());
  if (ending == ".json") return "geojson";
  const auto* const known = std::find_if(formats.begin(), formats.end(),
                                         [&](std::string_view format) { return ending == "." + std::string(format); });
  return known == formats.end() ? "" : std::string(*known);
}

class AlertsExportCommand final : public Command {
 public:
  po::options_description options() override {
    po::options_description how("How");
    add_as_of_option(how);
    how.add_options()  //
        ("format", po::value<std::string>()->value_name("F,...")->default_value("geojson"),
         "geojson (as alerts.geojson), gpkg (a register of these alerts), csv, kml; without it what the name of --out "
         "says")  //
        ("out,o", po::value<std::string>()->value_name("FILE|DIR/"),
         "a file, or a folder for alerts.FORMAT, made if missing; default: stdout, for one format but gpkg")  //
        ("bom", po::bool_switch(), "begin csv with a byte order mark, by which spreadsheets know that it is UTF-8");
    po::options_description all("Options of alerts export");
    all.add(register_options()).add(filter_options()).add(how);
    return all;
  }

  std::vector<std::string> positional() const override { return {}; }

  void setup(const po::variables_map& values) override {
    target_ = required_register_target(values);
    as_of_ = read_as_of(values);
    filter_ = read_filter(values, {AlertStatus::superseded});  // as alerts.geojson
    state_ = state_of_register(values, target_);
    read_export(values);
  }

  int run() override {
    RegisterContent content = read_register(target_);
    if (as_of_) {
      AlertSet then = register_as_of(target_, content, *as_of_);
      content.alerts = std::move(then.alerts);
      warn_of_facts_left_out(then.without_facts, filter_);
    }
    warn_of_unknown(content.alerts, filter_);
    const std::vector<OutlinedAlert> alerts = selected(content.alerts, filter_);
    export_all(alerts);
    spdlog::info("{} of {} alerts", alerts.size(), content.alerts.size());
    return exit_done;
  }

 private:
  void read_export(const po::variables_map& values) {
    formats_ = word_list(values, "format", formats);
    has_mark_ = values["bom"].as<bool>();
    if (values.count("out") != 0) out_ = values["out"].as<std::string>();
    const bool is_folder = !out_.empty() && (out_.back() == '/' || fs::is_directory(out_));
    if (is_folder) {
      check_out_folder("out", out_);
    } else {
      out_ = checked_out_file(values, "out", out_);
    }
    if (const std::string by_name = is_folder ? "" : format_of_name(out_); by_name.empty()) {
      const std::string ending = is_folder ? "" : fs::path(out_).extension().string();
      if (values["format"].defaulted() && !ending.empty()) {
        throw ConfigError("export: --out " + out_ + ": no format has the ending " + ending +
                          ": known are .geojson, .json, .gpkg, .csv and .kml; --format says it for other names");
      }
    } else {
      if (values["format"].defaulted()) formats_ = {by_name};
      if (formats_.size() == 1 && formats_.front() != by_name) {
        throw ConfigError("export: --out " + out_ + " has the name of another format than --format: " + by_name);
      }
    }
    if (as_of_ && std::find(formats_.begin(), formats_.end(), "gpkg") != formats_.end()) {
      throw ConfigError("export: gpkg holds the whole history; it takes no --as-of");
    }
    if (out_.empty() && (formats_.size() > 1 || formats_.front() == "gpkg")) {
      throw ConfigError("export: --out is missing: stdout takes one format, and not gpkg");
    }
    out_is_folder_ = is_folder;
    if (has_mark_ && std::find(formats_.begin(), formats_.end(), "csv") == formats_.end()) {
      throw ConfigError("export: --bom is of csv");
    }
    if (formats_.size() > 1 && !out_is_folder_) {
      throw ConfigError("export: --out must be a folder (" + out_ + "/) for several formats");
    }
  }

  /// Of the state that the register is of, where that is known.
  std::optional<Instant> newest_acquisition() const {
    if (state_.empty() || !has_record(state_)) return std::nullopt;
    const std::optional<Manifest> record = head(state_);
    return record ? as_of(record->sites) : std::nullopt;
  }

  void export_all(const std::vector<OutlinedAlert>& alerts) const {
    if (out_is_folder_) {
      std::error_code error;
      fs::create_directories(out_, error);
      if (error) throw ConfigError("--out " + out_ + ": cannot be made: " + error.message());
    }
    for (const std::string& format : formats_) {
      const std::string bytes = exported(format, alerts);
      if (out_.empty()) {
        std::cout << bytes;
      } else {
        write_file_atomically(out_is_folder_ ? (fs::path(out_) / ("alerts." + format)).string() : out_, bytes);
      }
    }
  }

  std::string exported(const std::string& format, const std::vector<OutlinedAlert>& alerts) const {
    if (format == "csv") return (has_mark_ ? "\xEF\xBB\xBF" : "") + alerts_csv(alerts);
    if (format == "kml") return alerts_kml(alerts);
    if (format == "geojson") return alerts_geojson(alerts, {"alerts", {}, {}, as_of_ ? as_of_ : newest_acquisition()});
    return register_geopackage(target_, alerts);
  }

  std::string target_;
  std::string state_;
  std::optional<Instant> as_of_;
  AlertFilter filter_;
  std::vector<std::string> formats_;
  std::string out_;
  bool out_is_folder_ = false;
  bool has_mark_ = false;
};

}  // namespace

const CommandEntry alerts_export_entry{
    "export", "alerts export --state DIR | --register TARGET [--format F,...] [--out FILE|DIR/] [options]",
    "alerts as GeoJSON, GeoPackage, CSV or KML",
    []() -> std::unique_ptr<Command> { return std::make_unique<AlertsExportCommand>(); }};

}  // namespace pitwatch::tools
