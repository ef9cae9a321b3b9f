#include "pipeline/dossier/report.hpp"

#include <atomic>
#include <filesystem>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>

#include "pipeline/chips/chip_store.hpp"
#include "pipeline/core/error.hpp"
#include "pipeline/dossier/alert_page.hpp"
#include "pipeline/dossier/page.hpp"
#include "pipeline/dossier/pdf.hpp"
#include "pipeline/dossier/site_dossier.hpp"
#include "pipeline/io/files/atomic_file.hpp"
#include "pipeline/schedule/arena.hpp"
#include "pipeline/schedule/background.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

/// File of an id without its suffix: "alert-PW-69e1d899ad22".
std::string page_name(const char* kind, const std::string& id) { return kind + chip_folder_name(id); }

/// Pages are written side by side; each step counts.
class Writing {
 public:
  Writing(const ReportOptions& options, std::size_t pages, const ProgressSink& progress)
      : options_(options), steps_(pages * (options.pdf ? 2 : 1)), progress_(progress) {
    if (options.pdf) maker_ = find_pdf_maker();
  }

  void write(const std::string& name, const std::string& html) {
    const std::string path = (fs::path(options_.out) / name).string();
    write_file_atomically(path + ".html", html);
    advance();
    if (!maker_) return;
    make_pdf(*maker_, path + ".html", path + ".pdf");
    advance();
  }

  void skip(const std::vector<std::pair<std::string, std::string>>& more) {
    const std::lock_guard lock(mutex_);
    skipped_.insert(skipped_.end(), more.begin(), more.end());
  }
  std::vector<std::pair<std::string, std::string>> skipped() const { return skipped_; }

 private:
  void advance() {
    const auto done = static_cast<double>(++done_);
    progress_("dossiers", done / static_cast<double>(std::max<std::size_t>(1, steps_)));
  }

  const ReportOptions& options_;
  std::size_t steps_;
  const ProgressSink& progress_;
  std::optional<PdfMaker> maker_;
  std::atomic<std::size_t> done_{0};
  std::mutex mutex_;
  std::vector<std::pair<std::string, std::string>> skipped_;
};

std::string index_html(const DossierRecord& record, std::span<const OutlinedAlert> alerts,
                       const std::vector<SiteDossier>& sites, const ReportOptions& options, const Texts& texts) {
  const auto pdf_of = [&](const std::string& name) {
    return options.pdf ? ordered_json(name + ".pdf") : ordered_json();
  };
  ordered_json page;
  std::optional<Instant> newest;
  for (const auto& [site, acquisitions] : record.acquisitions) {
    for (const RecordedAcquisition& one : acquisitions) newest = std::max(newest.value_or(one.acquired), one.acquired);
  }
  page["as_of"] = as_of_text(record, newest, texts);
  page["has_pdf"] = options.pdf;
  page["has_sites"] = !sites.empty();
  page["sites"] = ordered_json::array();
  for (const SiteDossier& dossier : sites) {
    const std::string name = page_name("site-", dossier.site);
    page["sites"].push_back({{"site", dossier.site}, {"href", name + ".html"}, {"pdf", pdf_of(name)}});
  }
  page["has_alerts"] = !alerts.empty();
  page["alerts"] = ordered_json::array();
  for (const OutlinedAlert& each : alerts) {
    const Alert& alert = each.alert;
    const std::string name = page_name("alert-", alert.id);
    page["alerts"].push_back({{"id", alert.id},
                              {"href", name + ".html"},
                              {"pdf", pdf_of(name)},
                              {"site", alert.site.value_or("")},
                              {"status", texts("status_" + std::string(pitwatch::name(alert.status)))},
                              {"class", texts("class_" + std::string(pitwatch::name(alert.change_class)))},
                              {"area", texts.number(alert.area_ha, 2)},
                              {"confidence", texts.number(alert.confidence, 2)},
                              {"first_detected", texts.short_day(alert.first_detected)}});
  }
  return page_of("index", page, texts);
}

}  // namespace

std::string alert_html(const DossierRecord& record, const OutlinedAlert& alert, const Texts& texts, bool has_index,
                       std::vector<std::pair<std::string, std::string>>& skipped) {
  const AlertDossier dossier = alert_dossier(record, alert);
  skipped.insert(skipped.end(), dossier.unreadable.begin(), dossier.unreadable.end());
  if (!dossier.missing.empty()) {
    const std::string folder = chips_folder(record.state, alert.alert.site.value_or(""), alert.alert.id);
    skipped.emplace_back(folder, missing_text(folder, {{}, dossier.missing, {}}));
  }
  return page_of("alert", alert_page(dossier, record, texts, has_index), texts);
}

ReportFiles write_report(const DossierRecord& record, std::span<const OutlinedAlert> alerts,
                         const ReportOptions& options, const ProgressSink& progress) {
  const Texts texts(options.language);
  ReportFiles written;
  std::vector<SiteDossier> sites;
  if (options.with_sites) sites = site_dossiers(record, options.register_target, options.sites, written.skipped);
  std::error_code error;
  fs::create_directories(options.out, error);
  if (error) throw ConfigError("--out " + options.out + ": cannot be made: " + error.message());
  std::map<std::string, std::string> pages;
  for (const OutlinedAlert& each : alerts) {
    pages[each.alert.id] = page_name("alert-", each.alert.id) + ".html";
  }
  Writing writing(options, alerts.size() + sites.size(), progress);
  in_arena(options.threads, [&] {
    in_parallel(static_cast<int>(alerts.size()), [&](int i) {
      const OutlinedAlert& alert = alerts[static_cast<std::size_t>(i)];
      std::vector<std::pair<std::string, std::string>> skipped;
      const std::string html = alert_html(record, alert, texts, true, skipped);
      writing.skip(skipped);
      writing.write(page_name("alert-", alert.alert.id), html);
    });
    in_parallel(static_cast<int>(sites.size()), [&](int i) {
      const SiteDossier& site = sites[static_cast<std::size_t>(i)];
      writing.write(page_name("site-", site.site), page_of("site", site_page(site, record, texts, pages), texts));
    });
  });
  for (const auto& [id, page] : pages) written.files.push_back(page);
  for (const SiteDossier& site : sites) written.files.push_back(page_name("site-", site.site) + ".html");
  written.files.push_back("index.html");
  write_file_atomically((fs::path(options.out) / "index.html").string(),
                        index_html(record, alerts, sites, options, texts));
  const auto unread = writing.skipped();
  written.skipped.insert(written.skipped.end(), unread.begin(), unread.end());
  return written;
}

}  // namespace pitwatch
