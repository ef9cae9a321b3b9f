#include "pipeline/io/files/write_refusal.hpp"

#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/process_user.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;

/// Whose a file is, and what may be done with it: "which belongs to root, mode 0644".
std::string owner_text(const std::string& path) {
  struct stat facts {};
  if (::stat(path.c_str(), &facts) != 0) return "which cannot be looked at";
  std::array<char, 16> mode{};
  std::snprintf(mode.data(), mode.size(), "%04o", static_cast<unsigned>(facts.st_mode & 07777U));
  return "which belongs to " + user_name(facts.st_uid) + ", mode " + mode.data();
}

/// The path, or the first folder around it that is there.
std::string place_of(const std::string& path) {
  fs::path place = path.empty() ? fs::path(".") : fs::path(path);
  std::error_code none;
  while (!fs::exists(place, none) && place.has_relative_path()) {
    place = place.parent_path().empty() ? fs::path(".") : place.parent_path();
  }
  return place.string();
}

}  // namespace

bool is_write_refusal(int reason) { return reason == EACCES || reason == EPERM || reason == EROFS; }

std::string write_refusal(const std::string& path, int reason) {
  const std::string place = place_of(path);
  return place + ": user " + process_user() + " may not write it (" + std::strerror(reason) + "), " + owner_text(place);
}

void expect_may_write(const std::string& path, int reason) {
  if (is_write_refusal(reason)) throw ConfigError(write_refusal(path, reason));
}

}  // namespace pitwatch
