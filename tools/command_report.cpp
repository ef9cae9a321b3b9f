#include "tools/command_report.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "pipeline/core/error.hpp"
#include "pipeline/dossier/report.hpp"
#include "tools/alert_filter.hpp"
#include "tools/common_options.hpp"
#include "tools/logging.hpp"
#include "tools/monitor_options.hpp"
#include "tools/register_options.hpp"

namespace pitwatch::tools {
namespace po = boost::program_options;

namespace {

class ReportCommand final : public Command {
 public:
  po::options_description options() override {
    po::options_description how("How");
    how.add_options()  //
        ("alert", po::value<std::vector<std::string>>()->composing()->value_name("ID,..."),
         "dossiers of these alerts alone, whatever their status; the beginning of an id is enough where no other has "
         "it; may be given again. Sites then have one where --site names them")  //
        ("lang", po::value<std::string>()->value_name("LANGUAGE")->default_value("en"),
         "of the texts: en, az (Azerbaijani) or ru (Russian)")  //
        ("pdf", po::bool_switch(),
         "PDF beside each page, by Debian's chromium, or weasyprint where there is no chromium")  //
        ("without-reviewers", po::bool_switch(),
         "do not name the people who reviewed alerts, nor files, folders and servers: for what is made public")  //
        ("out,o", po::value<std::string>()->value_name("DIR"),
         "folder, made if missing, for index.html, alert-ID.html and site-ID.html");
    po::options_description all("Options of report");
    all.add(register_options()).add(filter_options()).add(how);
    return all;
  }

  std::vector<std::string> positional() const override { return {}; }

  void setup(const po::variables_map& values) override {
    common_ = read_common_options(values);
    options_.register_target = required_register_target(values);
    state_ = state_of_register(values, options_.register_target);
    filter_ = read_filter(values, {AlertStatus::superseded, AlertStatus::not_watched});
    if (values.count("alert") != 0) {
      for (const std::string& list : values["alert"].as<std::vector<std::string>>()) {
        for (const std::string& id : split_list(list)) ids_.push_back(id);
      }
      if (ids_.empty()) throw ConfigError("--alert: is empty");
    }
    options_.out = required_option(values, "out", "--out DIR", "report");
    options_.language = values["lang"].as<std::string>();
    try {
      Texts{options_.language};
    } catch (const ConfigError& error) {
      throw ConfigError(std::string("--lang: ") + error.what());
    }
    options_.pdf = values["pdf"].as<bool>();
    without_reviewers_ = values["without-reviewers"].as<bool>();
    options_.sites = filter_.sites;
    options_.with_sites = ids_.empty() || !filter_.sites.empty();
    options_.threads = common_.threads;
  }

  int run() override {
    Progress progress(common_);
    progress("reading the record", 0);
    DossierRecord record = read_dossier_record(state_, options_.register_target);
    if (without_reviewers_) {
      withhold_reviewers(record.content);
      withhold_places(record);
    }
    const std::vector<OutlinedAlert> alerts = alerts_asked_for(record);
    const ReportFiles written =
        write_report(record, alerts, options_, [&](std::string_view stage, double share) { progress(stage, share); });
    for (const auto& [what, why] : written.skipped) {
      spdlog::warn("{}", why.starts_with(what) ? why : what + ": " + why);
    }
    spdlog::info("{} of {} alerts, {} files in {}", alerts.size(), record.content.alerts.size(), written.files.size(),
                 options_.out);
    return written.skipped.empty() ? exit_done : exit_skipped;
  }

 private:
  std::vector<OutlinedAlert> alerts_asked_for(const DossierRecord& record) const {
    if (ids_.empty()) return selected(record.content.alerts, filter_);
    std::vector<OutlinedAlert> alerts;
    for (const std::string& id : ids_) {
      const OutlinedAlert& found = find_alert(record.content.alerts, id);
      const auto is_it = [&](const OutlinedAlert& one) { return one.alert.id == found.alert.id; };
      if (std::none_of(alerts.begin(), alerts.end(), is_it)) alerts.push_back(found);
    }
    return alerts;
  }

  CommonOptions common_;
  std::string state_;
  AlertFilter filter_;
  std::vector<std::string> ids_;
  bool without_reviewers_ = false;
  ReportOptions options_;
};

}  // namespace

const CommandEntry report_entry{
    "report",
    "report --state DIR --out DIR [options]",
    "dossiers of alerts and sites to read, print and hand over: HTML, PDF",
    []() -> std::unique_ptr<Command> { return std::make_unique<ReportCommand>(); },
    {},
    "Writes dossiers that an inspector, a prosecutor or a court can read without this program: for each alert and each "
    "site a page that is whole in itself, with pictures, course, growth, whose ground, known errors, and how to check "
    "it. Reads the state and writes nothing into it. Exit code 4: done, but pictures or files of the state could not "
    "be read."};

}  // namespace pitwatch::tools
