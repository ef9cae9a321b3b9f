#include "pipeline/acquisition/choice.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <iterator>
#include <system_error>

#include "pipeline/acquisition/mosaic.hpp"
#include "pipeline/acquisition/reference.hpp"
#include "pipeline/io/files/hashing.hpp"
#include "pipeline/io/geo/geodesy.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using Remarks = std::vector<std::pair<std::string, std::string>>;

constexpr std::chrono::minutes longest_datatake{10};     // where no identifier says which scenes are of one
constexpr std::chrono::minutes longest_acquisition{60};  // from the first granule of a datatake to its last, and more
constexpr std::size_t digest_digits = 16;

/// A raster that was cut off has another size when it has come whole.
std::string sizes_of(const Scene& scene) {
  std::string text;
  for (const auto& [band, asset] : scene.bands) {
    std::error_code error;
    const auto size = fs::file_size(asset.path, error);
    text += " " + (error ? std::string("-") : std::to_string(size));
  }
  return sha256_text(text).substr(0, digest_digits);
}

/// Of a scene whose files are not those that were read.
MissingWhat what_is_amiss(const Scene& scene) {
  const bool is_gone = std::any_of(scene.bands.begin(), scene.bands.end(), [](const auto& band) {
    std::error_code error;
    return !fs::exists(band.second.path, error);
  });
  return is_gone ? MissingWhat::gone : MissingWhat::changed;
}

AcquisitionPart part_of(const ListedScene& listed) {
  const Scene& scene = listed.scene;
  return {scene.id,
          scene.tile,
          scene.level,
          scene.processing_baseline,
          scene.datastrip_start,
          scene.processed,
          listed.fingerprint.substr(0, digest_digits),
          sizes_of(scene)};
}

AcquisitionRecord record_of(const Datatake& datatake) {
  const Scene& first = datatake.parts.front().scene;
  AcquisitionRecord record{datatake.acquired, first.platform, first.datatake, {}, {}};
  for (const ListedScene& part : datatake.parts) record.parts.push_back(part_of(part));
  return record;
}

/// Whether the two are equal where both say something.
template <typename T>
bool agree(const T& a, const T& b) {
  return a == T{} || b == T{} || a == b;
}

bool is_of(const AcquisitionRecord& acquisition, const Scene& scene) {
  if (!acquisition.datatake.empty() && !scene.datatake.empty()) return acquisition.datatake == scene.datatake;
  return agree(acquisition.platform, scene.platform) &&
         std::chrono::abs(scene.acquired - acquisition.acquired) < longest_datatake;
}

bool is_same_edition(const AcquisitionPart& part, const Scene& scene) {
  if (!agree(part.tile, scene.tile) || !agree(part.datastrip, scene.datastrip_start) ||
      !agree(part.level, scene.level) || !agree(part.baseline, scene.processing_baseline) ||
      !agree(part.processed, scene.processed)) {
    return false;
  }
  // Without the time of processing the name is what tells editions apart.
  return (part.processed && scene.processed) || part.scene == scene.id;
}

bool is_later_edition(const Scene& scene, const AcquisitionPart& part) {
  if (!agree(part.baseline, scene.processing_baseline)) return scene.processing_baseline > part.baseline;
  return scene.processed && part.processed && *scene.processed > *part.processed;
}

Instant learn_until(const std::vector<PlannedAcquisition>& acquisitions, const ChoiceOptions& options) {
  if (options.learn_to) return *options.learn_to + Instant::duration(1);
  if (acquisitions.empty()) return {};
  return acquisitions.front().record.acquired + std::chrono::days(options.history_days);
}

/// Scenes of the site's period and place, by acquisition.
std::vector<ListedScene> candidates(const SourceListing& listing, const ChoiceOptions& options, const Grid& grid,
                                    const KnownAcquisitions& known, Remarks& superseded) {
  const DegreeBox here = degree_box(grid);
  std::vector<ListedScene> scenes;
  std::vector<ListedScene> top_of_atmosphere;
  for (const ListedScene& listed : listing.scenes) {
    if (options.until && listed.scene.acquired > *options.until) continue;
    if (options.from && listed.scene.acquired < *options.from) continue;
    if (listed.scene.bbox && !overlap(*listed.scene.bbox, here)) continue;
    (listed.scene.level == "L1C" ? top_of_atmosphere : scenes).push_back(listed);
  }
  // The two levels differ by the air, which would be taken for change.
  const bool watch_top = known.acquisitions.empty() ? scenes.empty() && options.may_be_top_of_atmosphere
                                                    : known.acquisitions.front().parts.front().level == "L1C";
  if (watch_top) scenes.swap(top_of_atmosphere);
  for (const ListedScene& listed : top_of_atmosphere) {
    superseded.emplace_back(listed.scene.id, watch_top        ? "Level-2A is not mixed with Level-1C"
                                             : scenes.empty() ? "Level-1C has no classification to mask clouds by"
                                                              : "Level-1C is not mixed with Level-2A");
  }
  return scenes;
}

/// Matches what the state knows with what the source has.
class Matching {
 public:
  Matching(std::vector<ListedScene> scenes, const ChoiceOptions& options, const Grid& grid, Remarks& superseded)
      : scenes_(std::move(scenes)), taken_(scenes_.size()), options_(options), grid_(grid), superseded_(superseded) {}

  void add_known(const AcquisitionRecord& record, const KnownAcquisitions& known) {
    std::vector<std::size_t> of_it = of_acquisition(record);
    if (!record.skipped.empty()) {
      const auto is_it = [&](const AcquisitionRecord& one) { return is_same_acquisition(one, record); };
      add_unusable(record, of_it, std::any_of(known.readable.begin(), known.readable.end(), is_it));
      return;
    }
    PlannedAcquisition acquisition;
    acquisition.record = record;
    acquisition.datatake.acquired = record.acquired;
    for (const AcquisitionPart& part : record.parts) find_part(part, of_it, known.kept, acquisition);
    if (acquisition.missing) acquisition.datatake.parts.clear();
    take_rest(of_it, acquisition);
    plan_.acquisitions.push_back(std::move(acquisition));
  }

  AcquisitionPlan finish() {
    std::vector<ListedScene> rest;
    for (std::size_t i = 0; i < scenes_.size(); ++i) {
      if (!taken_[i]) rest.push_back(std::move(scenes_[i]));
    }
    for (Datatake& datatake : choose(std::move(rest))) {
      PlannedAcquisition acquisition;
      acquisition.is_new = true;
      acquisition.record = record_of(datatake);
      acquisition.datatake = std::move(datatake);
      const Scene& first = acquisition.datatake.parts.front().scene;
      const auto before = std::find_if(unusable_.begin(), unusable_.end(),
                                       [&](const AcquisitionRecord& known) { return is_of(known, first); });
      if (before != unusable_.end()) acquisition.known_as = *before;
      plan_.acquisitions.push_back(std::move(acquisition));
    }
    std::stable_sort(
        plan_.acquisitions.begin(), plan_.acquisitions.end(),
        [](const PlannedAcquisition& a, const PlannedAcquisition& b) { return a.record.acquired < b.record.acquired; });
    plan_.learn_until = learn_until(plan_.acquisitions, options_);
    return std::move(plan_);
  }

 private:
  std::vector<std::size_t> of_acquisition(const AcquisitionRecord& record) const {
    std::vector<std::size_t> found;
    const auto begin =
        std::lower_bound(scenes_.begin(), scenes_.end(), record.acquired - longest_acquisition,
                         [](const ListedScene& listed, Instant when) { return listed.scene.acquired < when; });
    for (auto it = begin; it != scenes_.end() && it->scene.acquired <= record.acquired + longest_acquisition; ++it) {
      const auto i = static_cast<std::size_t>(it - scenes_.begin());
      if (!taken_[i] && is_of(record, it->scene)) found.push_back(i);
    }
    return found;
  }

  std::vector<Datatake> choose(std::vector<ListedScene> scenes) {
    SceneChoice choice = choose_one_per_datatake(std::move(scenes));
    for (const SupersededScene& other : choice.superseded) superseded_.emplace_back(other.scene.scene.id, other.reason);
    for (Datatake& datatake : choice.datatakes) prefer_zone(datatake, grid_.crs);
    return std::move(choice.datatakes);
  }

  /// One that could not be used is tried again when it has changed, or can be read now.
  void add_unusable(const AcquisitionRecord& record, const std::vector<std::size_t>& of_it, bool is_readable) {
    std::vector<ListedScene> scenes;
    for (const std::size_t i : of_it) scenes.push_back(scenes_[i]);
    const SceneChoice choice = choose_one_per_datatake(std::move(scenes));
    PlannedAcquisition acquisition;
    acquisition.record = record;
    if (!of_it.empty()) {
      Datatake datatake = choice.datatakes.front();
      prefer_zone(datatake, grid_.crs);
      AcquisitionRecord now = record_of(datatake);
      now.skipped = record.skipped;
      if (choice.datatakes.size() > 1 || now.parts != record.parts || is_readable) {
        unusable_.push_back(record);
        return;
      }
      acquisition.datatake = std::move(datatake);
    }
    for (const std::size_t i : of_it) taken_[i] = true;
    plan_.acquisitions.push_back(std::move(acquisition));
  }

  /// The files of a part as it was taken in: those that the state keeps, or those of the source.
  void find_part(const AcquisitionPart& part, const std::vector<std::size_t>& of_it, std::span<const Scene> kept,
                 PlannedAcquisition& acquisition) {
    const auto in_state = std::find_if(kept.begin(), kept.end(), [&](const Scene& scene) {
      return is_same_edition(part, scene) && is_of(acquisition.record, scene);
    });
    bool is_found = in_state != kept.end();
    if (is_found) {
      acquisition.datatake.parts.push_back({*in_state, part.item});
      acquisition.is_kept = true;
    }
    MissingWhat amiss = MissingWhat::gone;
    for (const std::size_t i : of_it) {
      const Scene& scene = scenes_[i].scene;
      if (taken_[i] || !is_same_edition(part, scene)) continue;
      taken_[i] = true;
      if (is_found) continue;
      is_found = part.sizes.empty() || sizes_of(scene) == part.sizes;
      if (is_found) {
        acquisition.datatake.parts.push_back(scenes_[i]);
      } else {
        amiss = what_is_amiss(scene);
      }
    }
    if (!is_found) acquisition.missing = amiss;
  }

  /// What else there is of the acquisition: parts that came later than the others, or other editions.
  void take_rest(const std::vector<std::size_t>& of_it, PlannedAcquisition& acquisition) {
    std::vector<ListedScene> rest;
    for (const std::size_t i : of_it) {
      if (taken_[i]) continue;
      taken_[i] = true;
      rest.push_back(scenes_[i]);
    }
    if (rest.empty() || add_parts(rest, acquisition)) return;
    for (const ListedScene& other : rest) {
      superseded_.emplace_back(other.scene.id, "of an acquisition that was taken in as " + acquisition.record.scene());
      const auto is_earlier = [&](const AcquisitionPart& part) {
        return agree(part.tile, other.scene.tile) && is_later_edition(other.scene, part);
      };
      if (std::any_of(acquisition.record.parts.begin(), acquisition.record.parts.end(), is_earlier))
        acquisition.newer = other.scene.id;
    }
  }

  /// Makes an acquisition new again of which there is a part more, all of one baseline. False where that is not so.
  bool add_parts(const std::vector<ListedScene>& rest, PlannedAcquisition& acquisition) {
    if (!acquisition.is_readable()) return false;
    std::vector<ListedScene> all = acquisition.datatake.parts;
    for (const ListedScene& other : rest) {
      if (agree(other.scene.processing_baseline, acquisition.record.parts.front().baseline)) all.push_back(other);
    }
    SceneChoice choice = choose_one_per_datatake(std::move(all));
    if (choice.datatakes.size() != 1) return false;
    Datatake& chosen = choice.datatakes.front();
    const auto has = [&](const ListedScene& part) {
      return std::any_of(chosen.parts.begin(), chosen.parts.end(), [&](const ListedScene& one) {
        return one.scene.id == part.scene.id && one.scene.processed == part.scene.processed;
      });
    };
    const std::vector<ListedScene>& before = acquisition.datatake.parts;
    if (chosen.parts.size() <= before.size() || !std::all_of(before.begin(), before.end(), has)) return false;
    prefer_zone(chosen, grid_.crs);
    if (!acquisition.record.parts.front().item.empty()) {  // a state of the former format names one part alone
      acquisition.known_as = std::move(acquisition.record);
      acquisition.record = record_of(chosen);
      acquisition.is_new = true;
      acquisition.is_kept = false;
    }
    acquisition.datatake = std::move(chosen);
    return true;
  }

  std::vector<ListedScene> scenes_;
  std::vector<bool> taken_;
  const ChoiceOptions& options_;
  const Grid& grid_;
  Remarks& superseded_;
  std::vector<AcquisitionRecord> unusable_;  // that have changed since
  AcquisitionPlan plan_;
};

}  // namespace

AcquisitionPlan plan_acquisitions(const SourceListing& listing, const ChoiceOptions& options, const Grid& grid,
                                  const KnownAcquisitions& known, Remarks& superseded) {
  std::vector<ListedScene> scenes = candidates(listing, options, grid, known, superseded);
  Matching matching(std::move(scenes), options, grid, superseded);
  for (const AcquisitionRecord& record : known.acquisitions) matching.add_known(record, known);
  return matching.finish();
}

void give_up(AcquisitionPlan& plan, std::size_t acquisition, const ChoiceOptions& options) {
  PlannedAcquisition& planned = plan.acquisitions[acquisition];
  if (planned.known_as) {
    const AcquisitionRecord known = *planned.known_as;
    planned = {};
    planned.record = known;
    if (known.skipped.empty()) planned.missing = MissingWhat::changed;
    return;
  }
  plan.acquisitions.erase(plan.acquisitions.begin() + static_cast<std::ptrdiff_t>(acquisition));
  plan.learn_until = learn_until(plan.acquisitions, options);
}

bool is_same_acquisition(const AcquisitionRecord& a, const AcquisitionRecord& b) {
  return a.acquired == b.acquired && std::equal(a.parts.begin(), a.parts.end(), b.parts.begin(), b.parts.end(),
                                                [](const AcquisitionPart& one, const AcquisitionPart& other) {
                                                  return one.scene == other.scene && one.tile == other.tile &&
                                                         one.level == other.level && one.baseline == other.baseline &&
                                                         one.datastrip == other.datastrip &&
                                                         one.processed == other.processed;
                                                });
}

std::vector<Band> bands_of_history(const AcquisitionPlan& plan) {
  std::size_t acquisitions = 0;
  std::array<std::size_t, watched_bands.size()> with{};
  for (const PlannedAcquisition& planned : plan.acquisitions) {
    if (planned.record.acquired >= plan.learn_until || !planned.is_readable()) continue;
    const std::vector<Scene> parts = scenes_of(planned.datatake);
    ++acquisitions;
    for (std::size_t band = 0; band < with.size(); ++band) {
      const auto has = [band](const Scene& part) { return part.has(watched_bands[band]); };
      with[band] += std::all_of(parts.begin(), parts.end(), has) ? 1 : 0;
    }
  }
  std::vector<Band> bands;
  for (std::size_t band = 0; band < with.size(); ++band) {
    const bool may_lack =
        std::find(dispensable_bands.begin(), dispensable_bands.end(), watched_bands[band]) != dispensable_bands.end();
    if (!may_lack || 2 * with[band] > acquisitions) bands.push_back(watched_bands[band]);
  }
  return bands;
}

bool has_few_bands(const AcquisitionPlan& plan) {
  const auto has_both = [](const ListedScene& part) { return part.scene.has(Band::B02) && part.scene.has(Band::B11); };
  bool is_any_readable = false;
  for (const PlannedAcquisition& planned : plan.acquisitions) {
    const std::vector<ListedScene>& parts = planned.datatake.parts;
    if (!planned.is_readable()) continue;
    if (std::all_of(parts.begin(), parts.end(), has_both)) return false;
    is_any_readable = true;
  }
  return is_any_readable;
}

Scene as_read(Scene scene) {
  const auto narrow = scene.bands.find(Band::B8A);
  if (narrow != scene.bands.end()) scene.bands.try_emplace(Band::B08, narrow->second);
  return scene;
}

std::string missing_bands(const Scene& scene, std::span<const Band> bands) {
  const Scene read = as_read(scene);
  std::string missing;
  for (const Band band : bands) {
    if (!read.has(band)) missing += " " + std::string(name(band));
  }
  return missing;
}

std::vector<Scene> scenes_of(const Datatake& datatake) {
  std::vector<Scene> parts;
  for (const ListedScene& part : datatake.parts) parts.push_back(as_read(part.scene));
  return parts;
}

}  // namespace pitwatch
