#pragma once
// Dossiers as files: a page for each alert and each site, an index, and PDF where asked for.

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/dossier/dossier_record.hpp"
#include "pipeline/dossier/texts.hpp"
#include "pipeline/schedule/progress.hpp"

namespace pitwatch {

struct ReportOptions {
  std::string register_target;
  std::string out;  // a folder, made where it is missing
  std::string language = "en";
  std::vector<std::string> sites;  // dossiers of these; empty: of all, where with_sites
  bool with_sites = true;
  bool pdf = false;
  int threads = 0;  // 0: all cores
};

struct ReportFiles {
  std::vector<std::string> files;                            // names in the folder
  std::vector<std::pair<std::string, std::string>> skipped;  // what could not be read or shown, and why
};

/// Writes alert-ID.html, site-ID.html and index.html, each whole or not at all; the same record and options give the
/// same HTML. Throws ConfigError for a language, a site or a folder that cannot be, and without a program that makes
/// PDF; DataError, IoError.
ReportFiles write_report(const DossierRecord& record, std::span<const OutlinedAlert> alerts,
                         const ReportOptions& options, const ProgressSink& progress);

/// The page of one alert, HTML. What could not be read of its pictures is added to `skipped`.
std::string alert_html(const DossierRecord& record, const OutlinedAlert& alert, const Texts& texts, bool has_index,
                       std::vector<std::pair<std::string, std::string>>& skipped);

}  // namespace pitwatch
