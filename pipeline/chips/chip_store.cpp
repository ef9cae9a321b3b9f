#include "pipeline/chips/chip_store.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <system_error>
#include <tuple>
#include <utility>

#include "pipeline/core/error.hpp"
#include "pipeline/core/safe_text.hpp"
#include "pipeline/io/files/atomic_file.hpp"
#include "pipeline/io/files/folder_lock.hpp"
#include "pipeline/io/files/hashing.hpp"
#include "pipeline/io/raster/raster_stack.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t longest_plain_name = 100;
constexpr std::size_t name_hash_digits = 12;
constexpr std::size_t most_names = 3;  // in one line
constexpr std::string_view strip_begin = "seen_";
constexpr std::string_view extension = ".tif";
constexpr MaskBits all_mask_bits = 0x7F;
constexpr std::size_t longest_text = 1000;  // of an id in a file
// Twice what the pixels take uncompressed.
constexpr StackBounds bounds{std::uint64_t{4} * longest_chip_side * longest_chip_side * (chip_bands.size() + 1),
                             longest_chip_side, static_cast<int>(chip_bands.size()) + 1};

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/// "20210610T074458Z", "20210610T074458.024Z"
std::string basic_text(Instant instant) {
  std::string text = format_instant(instant);
  std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
  return text;
}

/// The role, and of the strip the time, that a file's name tells; nothing of other files.
std::optional<std::pair<ChipRole, Instant>> role_of(const std::string& file) {
  for (const ChipRole role : {ChipRole::before, ChipRole::detected, ChipRole::confirmed}) {
    if (file == chip_file_name(role, {})) return std::pair(role, Instant{});
  }
  if (!file.starts_with(strip_begin) || !file.ends_with(extension)) return std::nullopt;
  try {
    const Instant acquired = parse_instant(
        std::string_view(file).substr(strip_begin.size(), file.size() - strip_begin.size() - extension.size()));
    if (file == chip_file_name(ChipRole::seen, acquired)) return std::pair(ChipRole::seen, acquired);
  } catch (const DataError&) {
  }
  return std::nullopt;
}

/// What a file says of itself, all but its pixels.
Chip described(const StackHead& head) {
  const auto item = [&](const char* key) -> const std::string& {
    const auto found = head.items.find(key);
    if (found == head.items.end() || found->second.size() > longest_text) {
      throw DataError(std::string("is no chip: ") + key + " is not there or too long");
    }
    return found->second;
  };
  Chip chip;
  chip.alert_id = item("PITWATCH_ALERT");
  const std::string& role = item("PITWATCH_ROLE");
  const auto found = std::find(chip_role_names.begin(), chip_role_names.end(), role);
  if (found == chip_role_names.end()) throw DataError("is no chip: its role is '" + printable(role) + "'");
  chip.role = static_cast<ChipRole>(found - chip_role_names.begin());
  if (head.items.contains("PITWATCH_ACQUISITION")) chip.acquisition = item("PITWATCH_ACQUISITION");
  chip.acquired = parse_instant(item("PITWATCH_ACQUIRED"));
  chip.grid = head.grid;
  for (std::size_t i = 0; i < chip_bands.size(); ++i) {
    const auto [scale, offset] = head.scales[i];
    if (scale != chip_scale || offset != chip_offset) throw DataError("is no chip: its scales are others");
  }
  return chip;
}

/// Errors get the path.
template <typename Read>
auto at(const std::string& path, const Read& read) {
  try {
    return read();
  } catch (const DataError& error) {
    const std::string_view what = error.what();
    throw DataError(what.starts_with(path) ? std::string(what) : path + ": " + std::string(what));
  }
}

}  // namespace

std::string chip_folder_name(const std::string& id) {
  const bool is_safe = !id.empty() && id.size() <= longest_plain_name && std::all_of(id.begin(), id.end(), is_plain);
  if (is_safe) return id;
  std::string name = id.substr(0, longest_plain_name);
  std::replace_if(
      name.begin(), name.end(), [](char c) { return !is_plain(c); }, '_');
  // '.' stands in no plain name.
  return name + "." + sha256_text(id).substr(0, name_hash_digits);
}

std::string chips_folder(const std::string& state, const std::string& site, const std::string& alert_id) {
  return state + "/chips/" + chip_folder_name(site) + "/" + chip_folder_name(alert_id);
}

std::string chip_file_name(ChipRole role, Instant acquired) {
  std::string file;
  if (role == ChipRole::seen) {
    file.append(strip_begin).append(basic_text(acquired));
  } else {
    file = name(role);
  }
  return file.append(extension);
}

namespace {

std::vector<KeptChip> chips_in(const std::string& folder, std::error_code& error) {
  std::vector<KeptChip> chips;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const std::string file = it->path().filename().string();
    const auto role = role_of(file);
    if (!role) continue;
    KeptChip& chip = chips.emplace_back(KeptChip{role->first, role->second, {}, folder + "/" + file});
    try {
      const Chip known = described(read_stack_head(chip.path, bounds));
      chip.acquired = known.acquired;
      chip.acquisition = known.acquisition;
    } catch (const DataError&) {  // who reads it is told
    }
  }
  // What was kept first comes first: of one acquisition that was detected, or confirmed, and is of the strip.
  const auto key = [](const KeptChip& chip) {
    const int first = chip.role == ChipRole::before ? 0 : chip.role == ChipRole::detected ? 1 : 2;
    return std::tuple(first, chip.acquired, chip.role, std::string_view(chip.path));
  };
  std::sort(chips.begin(), chips.end(), [&](const KeptChip& a, const KeptChip& b) { return key(a) < key(b); });
  return chips;
}

}  // namespace

std::vector<KeptChip> kept_chips(const std::string& state, const std::string& site, const std::string& alert_id) {
  std::error_code none;
  return chips_in(chips_folder(state, site, alert_id), none);
}

AlertChips alert_chips(const std::string& state, const std::string& site, const std::string& alert_id,
                       const std::map<std::string, std::string>& due) {
  AlertChips found;
  std::error_code error;
  found.chips = chips_in(chips_folder(state, site, alert_id), error);
  if (error && error != std::errc::no_such_file_or_directory) {
    found.unlisted = "cannot be read: " + error.message();
    return found;
  }
  const std::string folder = chips_folder("", site, alert_id).substr(1) + "/";
  for (auto file = due.lower_bound(folder); file != due.end() && file->first.starts_with(folder); ++file) {
    std::error_code none;
    if (fs::symlink_status(state + "/" + file->first, none).type() == fs::file_type::not_found) {
      found.missing.push_back(file->first.substr(folder.size()));
    }
  }
  return found;
}

std::string names_text(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), most_names); ++i) text += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > most_names) text += " and " + std::to_string(names.size() - most_names) + " more";
  return text;
}

std::string missing_text(const std::string& folder, const AlertChips& chips) {
  if (!chips.unlisted.empty()) return folder + ": " + chips.unlisted;
  if (chips.missing.empty()) return {};
  return folder + ": missing, and named by the record: " + names_text(chips.missing);
}

Chip read_chip(const std::string& path) {
  return at(path, [&] {
    RasterStack stack = read_raster_stack(path, bounds);
    Chip chip = described(stack.head);
    for (std::size_t i = 0; i < chip_bands.size(); ++i) chip.bands[i] = std::move(stack.bands[i]);
    const Plane<std::uint16_t>& mask = stack.bands.back();
    chip.mask.reshape(chip.grid.width, chip.grid.height);
    for (int y = 0; y < chip.grid.height; ++y) {
      for (int x = 0; x < chip.grid.width; ++x) {
        if (mask.at(x, y) > all_mask_bits) throw DataError("is no chip: its mask has bits that are not known");
        chip.mask.at(x, y) = static_cast<MaskBits>(mask.at(x, y));
      }
    }
    return chip;
  });
}

std::string chip_file(const Chip& chip) {
  if (chip.mask.width() != chip.grid.width || chip.mask.height() != chip.grid.height ||
      std::max(chip.grid.width, chip.grid.height) > longest_chip_side) {
    throw DataError("a chip of alert " + chip.alert_id + " does not have the size of its grid, or is too large");
  }
  thread_local Plane<std::uint16_t> mask;
  mask.reshape(chip.grid.width, chip.grid.height);
  for (int y = 0; y < chip.grid.height; ++y) std::copy_n(chip.mask.row(y), chip.grid.width, mask.row(y));
  std::array<StackBand, chip_bands.size() + 1> bands;
  for (std::size_t i = 0; i < chip_bands.size(); ++i) {
    bands[i] = {std::string(name(chip_bands[i])), chip_scale, chip_offset, chip.bands[i].view()};
  }
  bands.back() = {"mask", 1, 0, std::as_const(mask).view()};
  std::string reasons;
  for (const MaskReasonName& reason : mask_reasons) {
    reasons.append(reasons.empty() ? "" : ", ").append(std::to_string(reason.bit)).append(" ").append(reason.name);
  }
  const std::vector<std::pair<std::string, std::string>> items{{"PITWATCH_ALERT", chip.alert_id},
                                                               {"PITWATCH_ROLE", std::string(name(chip.role))},
                                                               {"PITWATCH_ACQUISITION", chip.acquisition},
                                                               {"PITWATCH_ACQUIRED", format_instant(chip.acquired)},
                                                               {"PITWATCH_MASK_BITS", reasons}};
  return geotiff_of_stack(chip.grid, bands, 0, items);
}

void write_chip(const std::string& state, const std::string& site, const Chip& chip) {
  const std::string folder = chips_folder(state, site, chip.alert_id);
  const std::string path = folder + "/" + chip_file_name(chip.role, chip.acquired);
  const std::string bytes = at(path, [&] { return chip_file(chip); });
  make_folder(folder);
  write_file_atomically(path, bytes);
}

}  // namespace pitwatch
