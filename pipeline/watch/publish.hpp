#pragma once
// What all that write to a state's record have in common: runs, reviews, and facts that layers give.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/chips/chip_journal.hpp"
#include "pipeline/core/date.hpp"
#include "pipeline/io/alerts/alerts_geojson.hpp"
#include "pipeline/io/files/folder_lock.hpp"
#include "pipeline/record/manifest.hpp"
#include "pipeline/register/register.hpp"
#include "pipeline/watch/watch.hpp"

namespace pitwatch {

inline constexpr const char* alerts_name = "alerts.geojson";

/// A path as manifests have it: relative to the state where it lies there.
std::string path_in(const std::string& state, const std::string& path);

/// The register's target as manifests have it.
std::string shown_target(const std::string& state, const std::string& target);

OutputFile output_of(const std::string& state, const std::string& path);

/// Among `outputs`, in the place of one of the same path where there is such.
void set_output(std::vector<OutputFile>& outputs, OutputFile file);

/// Texts by name as JSON.
std::string json_of(const NamedTexts& texts);

/// --max-natural of the run that had these options; former versions had all classes, or those that disturb ground.
double max_natural_of(const NamedTexts& options);

/// Whether alerts.geojson has it.
bool is_published(const Alert& alert, double max_natural);

/// Leaves those that alerts.geojson has, in its order.
void keep_published(std::vector<OutlinedAlert>& alerts, double max_natural);

/// The newest acquisition that the sites have taken in.
std::optional<Instant> as_of(const std::vector<SiteStanding>& standings);

/// alerts.geojson of a register's alerts as of an acquisition, in one piece.
std::string published_text(std::vector<OutlinedAlert> alerts, double max_natural, const std::optional<Instant>& at);

/// Whether a file holds just that.
bool has_content(const std::string& path, const std::string& text);

/// A manifest of this process, begun at `started`: command, times, host, user and versions.
Manifest begun_manifest(const std::string& command, Instant started);

/// What follows in the chain where the state stays as `before` says: its sites, options and files, by another command.
Manifest following_manifest(const Manifest& before, const std::string& command, Instant started);

/// How the register stands with what is to be written: in the manifest, and its file among the outputs.
void set_register(const std::string& state, const std::string& target, RegisterWrite& write, std::uint64_t runs,
                  Manifest& manifest);

/// Throws ConfigError where the state's register is another than the target; DataError where that cannot be written to,
/// holds fewer alerts or reviews than the state knows of, or has not all rows that are on record as they were: others
/// may add to them; BusyError where another program is at work on it. One with the rows that a run of the state left
/// before the last, and as many alerts and reviews, is taken: which one is returned, and nothing otherwise.
std::string expect_known_register(const RegisterStanding& known, const std::string& state, const std::string& target);

/// The same for those who take none but the last.
void expect_newest_register(const RegisterStanding& known, const std::string& state, const std::string& target);

/// Writers of the record wait for each other: a run that publishes, and reviews.
FileLock record_lock(const std::string& state);

/// What an authority of time stamps answers of a text (request_time_stamp()); its host, and http, are allowed.
std::string time_stamp_of(const std::string& url, std::string_view text);

/// Writes what is to be published in its order: manifest and its seals, the register, alerts.geojson where there is a
/// text, chips where there are any, and last HEAD.
void publish_all(const std::string& state, Manifest& manifest, const SigningOptions& signing, RegisterWrite& write,
                 const std::string* alerts, const ChipPublication* chips = nullptr);

/// Writes a manifest and its seals, has files removed that it does not vouch for any more, and makes HEAD name it:
/// whoever kills it in between leaves what the record allows. Where it cannot be sealed nothing is removed.
void publish_removal(const std::string& state, Manifest& manifest, const SigningOptions& signing,
                     const std::function<void()>& remove);

}  // namespace pitwatch
