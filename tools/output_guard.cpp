#include "tools/output_guard.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <vector>

#include "pipeline/core/error.hpp"
#include "pipeline/core/text.hpp"
#include "pipeline/io/remote/remote_path.hpp"
#include "pipeline/record/chain.hpp"

namespace pitwatch::tools {
namespace po = boost::program_options;
namespace fs = std::filesystem;

namespace {

bool is_state(const fs::path& folder) {
  std::error_code none;
  return fs::exists(runs_folder(folder.string()) + "/HEAD", none);
}

/// Whether a nightly run keeps it: its own files and all below its own folders.
bool is_of_state(const fs::path& file) {
  constexpr std::array<std::string_view, 3> files{"alerts.geojson", "register.gpkg", "lock"};
  constexpr std::array<std::string_view, 3> folders{"runs", "sites", "chips"};
  const auto is_among = [](const auto& names, const fs::path& name) {
    return std::find(names.begin(), names.end(), name.string()) != names.end();
  };
  if (is_among(files, file.filename()) && is_state(file.parent_path())) return true;
  for (fs::path inside = file.parent_path(); inside.has_relative_path(); inside = inside.parent_path()) {
    if (is_among(folders, inside.filename()) && is_state(inside.parent_path())) return true;
  }
  return false;
}

std::vector<std::string> texts_of(const po::variable_value& value) {
  if (const auto* const one = boost::any_cast<std::string>(&value.value())) return {*one};
  if (const auto* const several = boost::any_cast<std::vector<std::string>>(&value.value())) return *several;
  return {};
}

/// The other option that names the file; empty where none does.
std::string other_option(const po::variables_map& values, const std::string& option, const fs::path& file) {
  for (const auto& [name, value] : values) {
    if (name == option) continue;
    for (const std::string& text : texts_of(value)) {
      std::error_code none;
      if (!text.empty() && fs::equivalent(text, file, none)) return name;
    }
  }
  return {};
}

/// Whether it is what scenes are described by, and lies where --source looks for them.
bool is_of_source(const po::variables_map& values, const fs::path& file) {
  constexpr std::array<std::string_view, 5> endings{".json", ".geojson", ".xml", ".zip", ".jp2"};
  const auto is_it = [&](std::string_view ending) { return lower_ascii(file.extension().string()) == ending; };
  std::error_code none;
  if (values.count("source") == 0 || std::none_of(endings.begin(), endings.end(), is_it) || !fs::exists(file, none)) {
    return false;
  }
  for (const std::string& source : texts_of(values["source"])) {
    if (is_url(source)) continue;
    const fs::path folder = fs::is_directory(source, none) ? fs::path(source) : fs::absolute(source).parent_path();
    for (fs::path inside = file.parent_path(); inside.has_relative_path(); inside = inside.parent_path()) {
      if (fs::equivalent(inside, folder, none)) return true;
    }
  }
  return false;
}

}  // namespace

std::string checked_out_file(const po::variables_map& values, const std::string& option, const std::string& path) {
  if (path.empty()) return path;
  const auto refuse = [&](const std::string& why) { throw ConfigError("--" + option + " " + path + ": " + why); };
  std::error_code error;
  fs::path file = path;
  if (fs::is_symlink(fs::symlink_status(file, error))) {
    file = fs::weakly_canonical(file, error);
    if (error) refuse("cannot be followed: " + error.message());
  }
  const fs::path folder = file.parent_path();
  if (!folder.empty() && !fs::is_directory(folder, error)) refuse("there is no folder " + folder.string());
  const fs::file_status status = fs::status(file, error);
  if (fs::exists(status)) {
    if (fs::is_directory(status)) refuse("is a folder");
    if (!fs::is_regular_file(status)) refuse("is no regular file");
  }
  refuse_lost(values, option, file.string());
  return file.string();
}

void refuse_lost(const po::variables_map& values, const std::string& option, const std::string& path) {
  const auto refuse = [&](const std::string& why) { throw ConfigError("--" + option + " " + path + ": " + why); };
  const std::string other = other_option(values, option, path);
  if (!other.empty()) refuse("is what --" + other + " names, too: it would be lost");
  std::error_code error;
  const fs::path file = fs::weakly_canonical(fs::absolute(path), error);
  if (is_of_state(file)) refuse("is a file of a nightly state");
  if (is_of_source(values, file)) refuse("lies in what --source names, and may be a file of it: it would be lost");
}

void refuse_lost_in(const po::variables_map& values, const std::string& option, const std::string& folder,
                    std::initializer_list<std::string_view> names) {
  std::error_code none;
  for (const std::string_view name : names) {
    const std::string path = (fs::path(folder) / name).string();
    if (fs::exists(path, none)) refuse_lost(values, option, path);
  }
}

std::string out_file_option(const po::variables_map& values, const std::string& option) {
  return values.count(option) == 0 ? "" : checked_out_file(values, option, values[option].as<std::string>());
}

void check_out_folder(const std::string& option, const std::string& path) {
  if (is_state(path)) throw ConfigError("--" + option + " " + path + ": is the state of a nightly run: name another");
}

}  // namespace pitwatch::tools
