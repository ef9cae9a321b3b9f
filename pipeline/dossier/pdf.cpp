#include "pipeline/dossier/pdf.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string_view>
#include <thread>
#include <vector>

#include "pipeline/core/error.hpp"
#include "pipeline/core/interrupt.hpp"
#include "pipeline/io/files/atomic_file.hpp"
#include "pipeline/io/files/regular_file.hpp"
#include "pipeline/io/files/scratch_folder.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds longest{120};
constexpr std::uint64_t largest_words = 1 << 20;
constexpr std::uint64_t largest_pdf = std::uint64_t{1} << 30;
constexpr std::size_t shown_words = 300;

std::string on_path(const std::string& name) {
  const char* const path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    const std::string candidate = (fs::path(folder) / name).string();
    if (!folder.empty() && ::access(candidate.c_str(), X_OK) == 0 && !fs::is_directory(candidate)) return candidate;
  }
  return {};
}

/// A path as URL, RFC 3986.
std::string file_url(const std::string& path) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string url = "file://";
  for (const char c : fs::absolute(path).string()) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' ||
                          c == '-' || c == '_' || c == '.';
    const auto byte = static_cast<unsigned char>(c);
    url += is_plain ? std::string(1, c) : std::string{'%', digits[byte >> 4U], digits[byte & 15U]};
  }
  return url;
}

std::vector<std::string> command(const PdfMaker& maker, const std::string& html, const std::string& pdf,
                                 const std::string& scratch) {
  if (!maker.is_chromium) return {maker.program, "--quiet", fs::absolute(html).string(), pdf};
  std::vector<std::string> words{maker.program,
                                 "--headless",
                                 "--disable-gpu",
                                 "--no-first-run",
                                 "--disable-extensions",
                                 "--disable-background-networking",
                                 "--disable-component-update",
                                 "--disable-sync",
                                 "--disable-dev-shm-usage",
                                 "--no-pdf-header-footer",
                                 "--user-data-dir=" + scratch + "/profile",
                                 "--print-to-pdf=" + pdf};
  // Chromium's sandbox does not work for root, and Chromium refuses to start.
  if (::geteuid() == 0) words.emplace_back("--no-sandbox");
  words.push_back(file_url(html));
  return words;
}

/// Runs it with all its words going to a file; returns its wait status, or -1 where it took too long.
int run(std::vector<std::string> words, const std::string& said) {
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t files{};
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, said.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  ::posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO, STDERR_FILENO);
  posix_spawnattr_t attributes{};
  ::posix_spawnattr_init(&attributes);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);  // its children are ended with it
  pid_t child = 0;
  const int failed = ::posix_spawn(&child, arguments[0], &files, &attributes, arguments.data(), environ);
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&files);
  if (failed != 0) throw IoError(words[0] + ": cannot be started");
  const auto end = std::chrono::steady_clock::now() + longest;
  int status = 0;
  while (::waitpid(child, &status, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() >= end || is_interrupted()) {
      ::kill(-child, SIGKILL);
      ::waitpid(child, &status, 0);
      throw_if_interrupted();
      return -1;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return status;
}

std::string words_of(const std::string& said) {
  std::string text;
  try {
    text = read_whole_file(said, largest_words);
  } catch (const DataError&) {
    return "";  // it said nothing, or more than anybody reads
  }
  for (char& c : text) c = c == '\n' ? ' ' : c;
  return text.substr(0, shown_words);
}

}  // namespace

PdfMaker find_pdf_maker() {
  for (const char* name : {"chromium", "chromium-browser", "google-chrome"}) {
    if (const std::string program = on_path(name); !program.empty()) return {program, true};
  }
  if (const std::string program = on_path("weasyprint"); !program.empty()) return {program, false};
  throw ConfigError("--pdf: neither chromium nor weasyprint is installed; the pages can be printed by any browser");
}

void make_pdf(const PdfMaker& maker, const std::string& html, const std::string& pdf) {
  const ScratchFolder scratch;
  AtomicFile file(pdf);
  const std::string said = scratch.path() + "/said";
  const int status = run(command(maker, html, fs::absolute(file.temporary()).string(), scratch.path()), said);
  if (status == -1) throw IoError(pdf + ": " + maker.program + " took more than two minutes");
  std::string bytes;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) bytes = read_whole_file(file.temporary(), largest_pdf);
  if (!bytes.starts_with("%PDF-")) throw IoError(pdf + ": " + maker.program + " made no PDF: " + words_of(said));
  file.commit();
}

}  // namespace pitwatch
