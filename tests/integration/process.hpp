#pragma once
// Runs a program as a user's shell would, and keeps what it says.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/io/test_support.hpp"

namespace pitwatch::test {

struct Invocation {
  std::vector<std::string> command;                // program and arguments
  std::map<std::string, std::string> environment;  // beside what this process has
  std::optional<rlim_t> largest_file_bytes;        // a write beyond it fails with EFBIG: as a full device does
  std::optional<std::chrono::milliseconds> kill_after;
  std::optional<rlim_t> most_address_bytes = std::nullopt;        // an allocation beyond it fails
  std::optional<std::chrono::seconds> time_limit = std::nullopt;  // killed where it takes longer
};

struct Outcome {
  int exit_code = -1;  // -1: ended by a signal, of which the time limit's is one
  std::string out;
  std::string err;
  std::int64_t peak_memory_bytes = 0;  // resident
};

namespace detail {

/// In the child, after fork: only async-signal-safe calls, the vectors were made before.
[[noreturn]] inline void become(const Invocation& run, const std::vector<char*>& arguments,
                                const std::vector<char*>& environment, int out, int err) {
  const int nothing = ::open("/dev/null", O_RDONLY);
  ::dup2(nothing, STDIN_FILENO);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(err, STDERR_FILENO);
  if (run.largest_file_bytes) {
    const rlimit limit{*run.largest_file_bytes, *run.largest_file_bytes};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    ::signal(SIGXFSZ, SIG_IGN);
  }
  if (run.most_address_bytes) {
    const rlimit limit{*run.most_address_bytes, *run.most_address_bytes};
    ::setrlimit(RLIMIT_AS, &limit);
  }
  ::execve(arguments[0], arguments.data(), environment.data());
  ::_exit(127);
}

inline std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

/// Waits for the child, which is killed once its time is over; gives its status.
inline int wait_for(pid_t child, const std::optional<std::chrono::seconds>& time_limit, rusage& usage) {
  int status = 0;
  if (time_limit) {
    const auto end = std::chrono::steady_clock::now() + *time_limit;
    while (std::chrono::steady_clock::now() < end) {
      if (::wait4(child, &status, WNOHANG, &usage) == child) return status;
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    ::kill(child, SIGKILL);
  }
  ::wait4(child, &status, 0, &usage);
  return status;
}

}  // namespace detail

/// stdout and stderr go through files, so that no pipe can fill up.
inline Outcome run_process(const Invocation& run) {
  const TemporaryFolder folder;
  std::vector<std::string> words = run.command;
  std::vector<std::string> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string text = *variable;
    // What the user's own shell sets must not change a test.
    if (text.rfind("PITWATCH_", 0) != 0) variables.push_back(text);
  }
  // Nor what was run before.
  if (run.environment.count("PITWATCH_CACHE") == 0) variables.emplace_back("PITWATCH_CACHE=off");
  for (const auto& [name, value] : run.environment) variables.push_back(name + "=" + value);
  const std::vector<char*> arguments = detail::pointers(words);
  const std::vector<char*> environment = detail::pointers(variables);
  const int out = ::open((folder / "out").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  const int err = ::open((folder / "err").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (out < 0 || err < 0) throw std::runtime_error("cannot make files for the output of a process");

  const pid_t child = ::fork();
  if (child == 0) detail::become(run, arguments, environment, out, err);
  ::close(out);
  ::close(err);
  if (child < 0) throw std::runtime_error("cannot fork");
  if (run.kill_after) {
    std::this_thread::sleep_for(*run.kill_after);
    ::kill(child, SIGKILL);
  }
  rusage usage{};
  const int status = detail::wait_for(child, run.time_limit, usage);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read_text(folder / "out"), read_text(folder / "err"),
          std::int64_t{usage.ru_maxrss} * 1024};
}

inline Outcome run_process(std::vector<std::string> command) {
  return run_process(Invocation{std::move(command), {}, {}, {}});
}

inline std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

/// Names in a folder, sorted, those of hidden files too; empty where there is no folder.
inline std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code missing;
  for (const auto& entry : std::filesystem::directory_iterator(folder, missing)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

/// Two cloudless summers of the first of the sample sites, and what happened between them.
struct ScenePair {
  std::string before;
  std::string after;
  std::string truth;
};

/// Simulates a pair into a folder: the bands that a comparison reads, a square of `size_km`, as "stac" or "safe".
inline ScenePair simulate_pair(const std::string& folder, int seed, const std::string& size_km = "3",
                               const std::string& form = "stac") {
  const Outcome made = run_process({PITWATCH_PROGRAM,
                                    "simulate",
                                    "--sites",
                                    PITWATCH_SOURCE_DIR "/sample_data/sites.geojson",
                                    "--from",
                                    "2021-07-10",
                                    "--until",
                                    "2022-07-10",
                                    "--every-days",
                                    "365",
                                    "--history-days",
                                    "1",
                                    "--clear-sky",
                                    "--bands",
                                    "B02,B04,B08,B11,B12",
                                    "--size-km",
                                    size_km,
                                    "--seed",
                                    std::to_string(seed),
                                    "--as",
                                    form,
                                    "--out",
                                    folder});
  if (made.exit_code != 0) throw std::runtime_error("simulate: " + made.err);
  ScenePair pair{"", "", folder + "/gizilbulag/truth.geojson"};
  for (const std::string& name : names_in(folder + "/gizilbulag")) {
    const std::string product = folder + "/gizilbulag/" + name;
    const std::string scene = form == "stac" ? product + "/" + name + ".json" : product;
    if (name.find("_20210710") != std::string::npos) pair.before = scene;
    if (name.find("_20220710") != std::string::npos) pair.after = scene;
  }
  if (pair.before.empty() || pair.after.empty()) throw std::runtime_error("simulate: no pair in " + folder);
  return pair;
}

/// A pair of several tiles, made once per process.
inline const ScenePair& sample_pair() {
  static const TemporaryFolder folder;
  static const ScenePair pair = simulate_pair(folder.path(), 7, "7.2");
  return pair;
}

}  // namespace pitwatch::test
