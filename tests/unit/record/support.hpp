#pragma once
// A state as runs leave it, made up: its files hold nothing of sense, but its record is a true one.

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "pipeline/io/files/hashing.hpp"
#include "pipeline/record/chain.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch::test {

inline Instant instant(const char* text) { return parse_instant(text); }

/// Nights one after the other: each takes in one acquisition of one site.
class MadeUpState {
 public:
  std::string path() const { return folder_ / "state"; }
  std::string operator/(const std::string& name) const { return path() + "/" + name; }
  std::string input(int night) const { return folder_ / ("B04_" + std::to_string(night) + ".tif"); }
  const std::string& newest() const { return newest_; }
  int nights() const { return nights_; }

  /// What the next night's run writes down, its checkpoint and input being there already.
  Manifest next_night() {
    const int night = ++nights_;
    write_text(input(night), "pixels of night " + std::to_string(night));
    const std::string checkpoint = "sites/pit/looks-" + std::to_string(100000 + night).substr(1) + ".state";
    std::filesystem::create_directories(path() + "/sites/pit");
    write_text(path() + "/" + checkpoint, "state after night " + std::to_string(night));
    checkpoints_.push_back({checkpoint, night});

    Manifest manifest;
    manifest.started = instant("2022-12-01T03:05:01.123Z") + std::chrono::days(night);
    manifest.ended = manifest.started + std::chrono::minutes(7);
    manifest.command = "run";
    manifest.host = "watch-1";
    manifest.os_user = "pitwatch";
    manifest.program_version = "0.1.0";
    manifest.library_versions = {{"GDAL", "3.6.2"}, {"PROJ", "9.1.1"}};
    manifest.algorithm = "0.1.0+0123456789abcdef";
    manifest.sites_file = "/etc/pitwatch/sites.geojson";
    manifest.sites_sha256 = sha256_text("sites");
    manifest.source = "/data/scenes";
    manifest.options = {{"min-area-ha", "0.05"}, {"source", "/data/scenes"}};
    manifest.sites.push_back(site(manifest.started));
    manifest.acquisitions.push_back(acquisition(manifest.started));
    manifest.inputs.push_back(input_file(night));
    for (const CheckpointFile& file : checkpoints_) manifest.outputs.push_back(output(file.path));
    RegisterStanding standing;
    standing.target = "register.gpkg";
    standing.alerts = {{"confirmed", 2}, {"provisional", 1}};
    standing.reviews = 1;
    standing.reviews_sha256 = sha256_text("reviews");
    standing.runs = static_cast<std::uint64_t>(night);
    manifest.alert_register = standing;
    return manifest;
  }

  /// The manifest is written, and then what it names, as far as `files` says: 0 none, 1 register, 2 alerts too.
  std::string publish(Manifest manifest, int files = 2, bool with_head = true) {
    const std::string night = std::to_string(nights_);
    const std::string texts[] = {"register of night " + night, "alerts of night " + night};
    const std::string names[] = {"register.gpkg", "alerts.geojson"};
    for (int i = 0; i < 2; ++i) manifest.outputs.push_back({names[i], texts[i].size(), sha256_text(texts[i])});
    manifest.alert_register->sha256 = sha256_text(texts[0]);
    newest_ = begin_manifest(path(), manifest);
    for (int i = 0; i < files; ++i) write_text(path() + "/" + names[i], texts[i]);
    if (with_head) publish_head(path(), newest_);
    return newest_;
  }

  void run_nights(int count) {
    for (int i = 0; i < count; ++i) publish(next_night());
  }

  InputFile input_file(int night) const {
    const std::string bytes = read_text(input(night));
    return {input(night), bytes.size(), {{0, bytes.size()}}, sha256_text(bytes), false, {}};
  }

 private:
  OutputFile output(const std::string& name) const {
    const std::string bytes = read_text(path() + "/" + name);
    return {name, bytes.size(), sha256_text(bytes)};
  }

  SiteStanding site(Instant started) const {
    SiteStanding site;
    site.id = "pit";
    site.panes = 1;
    site.acquisitions = nights_;
    site.first_acquisition = instant("2022-12-01T07:30:00Z");
    site.last_acquisition = started - std::chrono::hours(20);
    site.checkpoints = checkpoints_;
    site.open_incidents = 3;
    site.options = {{"min-area-ha", "0.1"}};
    return site;
  }

  AcquisitionUsed acquisition(Instant started) const {
    AcquisitionUsed acquisition;
    acquisition.site = "pit";
    acquisition.pane = "0-0";
    acquisition.acquired = started - std::chrono::hours(20);
    acquisition.use = AcquisitionUse::judged;
    acquisition.cloud_share = 0.25;
    acquisition.valid_share = 0.5;
    ProductUsed product;
    product.id = "S2A_MSIL2A_" + std::to_string(nights_);
    product.source = "/data/scenes/" + product.id;
    product.platform = "sentinel-2a";
    product.tile = "T38TPK";
    product.level = "L2A";
    product.baseline = "04.00";
    product.processed = acquisition.acquired + std::chrono::hours(3);
    product.offset_rule = "BOA_ADD_OFFSET";
    product.offsets = {{"B04", 1e-4, -0.1}, {"B08", 1e-4, -0.1}};
    product.sun = ViewAngles{62.5, 165.25};
    product.fingerprint = sha256_text("metadata");
    product.files = {input(nights_)};
    acquisition.products.push_back(product);
    return acquisition;
  }

  TemporaryFolder folder_;
  int nights_ = 0;
  std::string newest_;
  std::vector<CheckpointFile> checkpoints_;
};

/// Every file below a folder, sorted.
inline std::vector<std::string> files_below(const std::string& folder) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace pitwatch::test
