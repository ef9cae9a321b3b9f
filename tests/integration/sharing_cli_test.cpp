// Several people on one state: those who may only read it, and what whoever may not, or cannot now, write is told.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/folder_lock.hpp"
#include "pipeline/io/files/process_user.hpp"
#include "tests/integration/nights.hpp"
#include "tests/unit/io/alerts/postgis_server.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::Nights;
using test::Outcome;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::size_t first_night = 30;
constexpr const char* set_user = "/usr/bin/setpriv";

/// All files below a folder with their bytes and times of change.
std::map<std::string, std::pair<std::string, fs::file_time_type>> snapshot(const std::string& folder) {
  std::map<std::string, std::pair<std::string, fs::file_time_type>> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file())
      files[entry.path().string()] = {test::read_text(entry.path().string()), entry.last_write_time()};
  }
  return files;
}

/// A state that a service keeps and others may read, and a folder of one of these.
class Sharing : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() == 0 && !fs::exists(set_user)) GTEST_SKIP() << "who is root needs setpriv to be somebody else";
    // Temporary folders are nobody else's.
    for (const std::string& inside : {state_, test::night_scenes().sites()}) {
      fs::permissions(fs::path(inside).parent_path(), fs::perms::others_exec | fs::perms::others_read,
                      fs::perm_options::add);
    }
    fs::create_directories(own_);
    fs::permissions(own_, fs::perms::all);
    nights_.deliver(0, first_night);
  }
  void TearDown() override { allow_writing(); }

  /// Takes the right to write away from all, the owner too.
  void forbid_writing() const {
    for_all([](const fs::path& path) {
      fs::permissions(path, fs::perms::owner_write | fs::perms::group_write | fs::perms::others_write,
                      fs::perm_options::remove);
    });
  }
  void allow_writing() const {
    for_all([](const fs::path& path) { fs::permissions(path, fs::perms::owner_write, fs::perm_options::add); });
  }

  /// By somebody who is neither root nor the owner's equal.
  Outcome as_reader(std::vector<std::string> words, std::map<std::string, std::string> environment = {}) const {
    words.insert(words.begin(), PITWATCH_PROGRAM);
    if (::geteuid() == 0) {
      words.insert(words.begin(), {set_user, "--reuid=65534", "--regid=65534", "--clear-groups"});
    }
    environment["HOME"] = own_;
    environment["SECRET"] = "of the webhook";
    return test::run_process(test::Invocation{std::move(words), std::move(environment), {}, {}});
  }

  /// All that answers and changes nothing, on a register; `more` says which.
  void expect_readable(const std::vector<std::string>& more) const {
    const auto read = [&](std::vector<std::string> words, int code = 0) {
      words.insert(words.end(), {"--state", state_});
      words.insert(words.end(), more.begin(), more.end());
      const Outcome outcome = as_reader(words);
      EXPECT_EQ(outcome.exit_code, code) << words[0] << " " << words[1] << ": " << outcome.err;
      return outcome.out;
    };
    const std::string id = *test::published_ids(state_).begin();
    EXPECT_THAT(read({"alerts", "list"}), HasSubstr(id));
    EXPECT_THAT(read({"alerts", "list", "--as-of", "2022-04-01"}), HasSubstr("PW-"));
    EXPECT_THAT(read({"alerts", "show", id}), HasSubstr(id));
    EXPECT_THAT(read({"alerts", "diff", "2022-04-01", state_}), HasSubstr("small"));
    read({"alerts", "export", "--format", "geojson,gpkg,csv,kml", "--out", own_ + "/export/"});
    EXPECT_THAT(test::names_in(own_ + "/export"), SizeIs(4));
    read({"map", "--out", own_ + "/map"});
    EXPECT_TRUE(fs::exists(own_ + "/map/index.html"));
    read({"report", "--alert", id, "--out", own_ + "/report"});
    read({"evidence", id, "--out", own_ + "/evidence.zip"});
    read({"account", "--out", own_ + "/account"});
    read({"publish", "--out", own_ + "/publish"});
  }

  Nights nights_;
  std::string state_ = nights_ / "state";
  std::string own_ = nights_ / "own";

 private:
  void for_all(const std::function<void(const fs::path&)>& change) const {
    if (!fs::exists(state_)) return;
    change(state_);
    for (const auto& entry : fs::recursive_directory_iterator(state_)) change(entry.path());
  }
};

TEST_F(Sharing, WhoMayOnlyReadAStateCanListShowExportReportAndDraw) {
  ASSERT_EQ(nights_.run(state_).exit_code, 0);
  forbid_writing();
  const auto before = snapshot(state_);
  expect_readable({});
  EXPECT_EQ(as_reader({"status", "--state", state_}).exit_code, 0);
  EXPECT_EQ(as_reader({"coverage", "--state", state_, "--now", "2022-05-01", "--out", own_ + "/coverage"}).exit_code,
            0);
  EXPECT_EQ(as_reader({"verify", state_}).exit_code, 0);
  Outcome dry = as_reader({"run", "--dry-run", "--sites", test::night_scenes().sites(), "--source", nights_.inbox(),
                           "--state", state_, "--history-days", "150"});
  EXPECT_EQ(dry.exit_code, 0) << dry.err;
  EXPECT_THAT(dry.err, HasSubstr("small: 30 acquisitions, 0 new"));
  EXPECT_TRUE(before == snapshot(state_));
}

TEST_F(Sharing, WhatNeedsToWriteSaysSoInOneLine) {
  ASSERT_EQ(nights_.run(state_).exit_code, 0);
  forbid_writing();
  const auto before = snapshot(state_);
  const std::string id = *test::published_ids(state_).begin();
  const auto refused = [&](const std::vector<std::string>& words) {
    const Outcome outcome = as_reader(words);
    EXPECT_EQ(outcome.exit_code, 2) << words[0] << ": " << outcome.err;
    EXPECT_THAT(test::lines_of(outcome.err), SizeIs(1)) << outcome.err;
    EXPECT_THAT(outcome.err, AllOf(HasSubstr("may not write"), HasSubstr("which belongs to " + process_user()),
                                   HasSubstr("nothing was done"), HasSubstr(state_)));
    EXPECT_THAT(outcome.out, IsEmpty());
  };
  refused({"run", "--sites", test::night_scenes().sites(), "--source", nights_.inbox(), "--state", state_,
           "--history-days", "150"});
  refused({"alerts", "review", id, "--state", state_, "--verdict", "false", "--reviewer", "A"});
  refused({"context", "--state", state_, "--layers", PITWATCH_SOURCE_DIR "/sample_data/context.json"});
  test::write_text(
      own_ + "/subscriptions.json",
      R"({"subscriptions": [{"id": "m", "webhook": {"url": "https://127.0.0.1:1/x", "secret_env": "SECRET"}}]})");
  refused({"notify", "--state", state_, "--subscriptions", own_ + "/subscriptions.json"});
  EXPECT_TRUE(before == snapshot(state_));
}

/// As a night by root leaves them in the state of a service.
TEST_F(Sharing, AFolderWithinAStateThatIsSomebodyElsesIsRefusedWithItsOwner) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root gives files away";
  ASSERT_EQ(nights_.run(state_).exit_code, 0);
  nights_.deliver(first_night, first_night + 2);
  const std::string kept = nights_ / "kept";
  Nights::copy(state_, kept);
  for (const std::string part : {"chips/small", "chips", "runs", "sites/small"}) {
    Nights::copy(kept, state_);
    constexpr uid_t reader = 65534;
    const auto give = [](const std::string& path, uid_t to) { ASSERT_EQ(::lchown(path.c_str(), to, to), 0) << path; };
    give(state_, reader);
    for (const auto& entry : fs::recursive_directory_iterator(state_)) give(entry.path(), reader);
    for (const auto& entry : fs::recursive_directory_iterator(state_ + "/" + part)) {
      if (entry.is_directory()) give(entry.path(), 0);
    }
    give(state_ + "/" + part, 0);
    const Outcome outcome = as_reader({"run", "--sites", test::night_scenes().sites(), "--source", nights_.inbox(),
                                       "--state", state_, "--history-days", "150", "--quiet"});
    EXPECT_EQ(outcome.exit_code, 2) << part << ": " << outcome.err;
    EXPECT_THAT(outcome.err, AllOf(HasSubstr(part), HasSubstr("may not write"), HasSubstr("which belongs to root")));
  }
}

TEST_F(Sharing, AnOutputInAFolderOfOthersIsRefusedWithItsOwner) {
  ASSERT_EQ(nights_.run(state_).exit_code, 0);
  const std::string theirs = nights_ / "theirs";
  fs::create_directories(theirs + "/folder");
  const std::string id = *test::published_ids(state_).begin();
  const auto refused = [&](std::vector<std::string> words, const std::string& out, bool has_state = true) {
    words.insert(words.end(), {"--out", out});
    if (has_state) words.insert(words.end(), {"--state", state_});
    const Outcome outcome = as_reader(words);
    EXPECT_EQ(outcome.exit_code, 2) << words[0] << " " << words[1] << ": " << outcome.err;
    EXPECT_THAT(test::lines_of(outcome.err).back(),
                AllOf(HasSubstr(theirs), HasSubstr("may not write it (Permission denied), which belongs to " +
                                                   process_user() + ", mode 0755")))
        << words[0];
    EXPECT_THAT(outcome.out, IsEmpty());
  };
  for (const char* format : {"geojson", "gpkg", "csv", "kml"}) {
    refused({"alerts", "export", "--format", format}, theirs + "/alerts." + format);
  }
  refused({"map"}, theirs + "/map");
  refused({"publish"}, theirs + "/publish");
  refused({"publish"}, theirs + "/deep/publish");
  refused({"evidence", id}, theirs + "/evidence.zip");
  refused({"report", "--alert", id}, theirs + "/folder");
  refused({"account"}, theirs + "/folder");
  refused({"coverage", "--now", "2022-05-01"}, theirs + "/folder");
  const std::string scenes = nights_.inbox();
  refused({"index", scenes, "--index", "NDVI", "--composite", "median"}, theirs + "/ndvi.tif", false);
  refused({"index", scenes, "--index", "NDVI"}, theirs + "/folder", false);
  EXPECT_THAT(test::names_in(theirs), SizeIs(1));
  EXPECT_THAT(test::names_in(theirs + "/folder"), IsEmpty());
}

TEST_F(Sharing, ARefusedLockSaysWhoHasIt) {
  ASSERT_EQ(nights_.run(state_).exit_code, 0);
  EXPECT_THAT(test::read_text(state_ + "/lock"), IsEmpty()) << "nobody has it";
  std::string held;
  {
    const FolderLock lock(state_);
    const Outcome outcome = nights_.run(state_);
    EXPECT_EQ(outcome.exit_code, 75);
    held = "another run is working on this state (user " + process_user() + ", host " + host_name() + ", pid " +
           std::to_string(::getpid()) + ", since 20";
    EXPECT_THAT(outcome.err, HasSubstr(state_ + ": " + held));
    // Who may not write learns that, not that it is locked; who asks how things stand learns who is at work.
    forbid_writing();
    EXPECT_THAT(as_reader({"verify", state_}).err, HasSubstr(held));
    EXPECT_THAT(
        as_reader({"run", "--sites", test::night_scenes().sites(), "--source", nights_.inbox(), "--state", state_}).err,
        HasSubstr("may not write"));
    allow_writing();
  }
  EXPECT_THAT(test::read_text(state_ + "/lock"), IsEmpty());
  // Of one that was killed, and of one who means ill, nothing is said but that the state is locked.
  const int descriptor = ::open((state_ + "/lock").c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_EQ(::flock(descriptor, LOCK_EX), 0);
  for (const std::string& note :
       {"root " + host_name() + " 4194300 2026-01-01T00:00:00Z\n", std::string("x"), std::string(100000, 'x'),
        std::string("\x1b[31m \x1b[31m 1 \x1b[31m"), std::string("a b -1 c")}) {
    test::write_text(state_ + "/lock", note);
    const Outcome outcome = nights_.run(state_);
    EXPECT_EQ(outcome.exit_code, 75);
    EXPECT_THAT(outcome.err, HasSubstr("another run is working on this state"));
    EXPECT_EQ(outcome.err.find('\x1b'), std::string::npos);
    EXPECT_EQ(outcome.err.find("2026-01-01"), std::string::npos);
    EXPECT_LT(outcome.err.size(), 2000U);
  }
  ::close(descriptor);
}

TEST_F(Sharing, AReaderIsNoRun) {
  ASSERT_EQ(nights_.run(state_).exit_code, 0);
  const SharedFolderLock lock(state_);
  const Outcome outcome = nights_.run(state_);
  EXPECT_EQ(outcome.exit_code, 75);
  EXPECT_THAT(outcome.err, HasSubstr(state_ + ": is being read by another command"));
}

TEST_F(Sharing, ARoleThatMayOnlySelectCanListShowExportReportAndDraw) {
  if (!test::PostgisServer::is_installed()) GTEST_SKIP() << "no PostgreSQL with PostGIS";
  test::PostgisServer server;
  ASSERT_EQ(nights_.run(state_, {"--register", server.target()}).exit_code, 0);
  ASSERT_EQ(server.sql("CREATE ROLE reader LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader;"), 0)
      << server.log();
  std::string target = server.target();
  target.replace(target.find("user=tester"), 11, "user=reader");
  forbid_writing();
  const std::string sum = register_sha256(server.target());
  expect_readable({"--register", target});
  EXPECT_EQ(as_reader({"verify", state_}).exit_code, 0);
  allow_writing();
  const Outcome review =
      test::run_process({PITWATCH_PROGRAM, "alerts", "review", *test::published_ids(state_).begin(), "--state", state_,
                         "--register", target, "--verdict", "false", "--reviewer", "A"});
  EXPECT_NE(review.exit_code, 0);
  EXPECT_THAT(test::lines_of(review.err), SizeIs(1)) << review.err;
  EXPECT_THAT(review.err, HasSubstr("permission denied for table alerts"));
  EXPECT_EQ(register_sha256(server.target()), sum);
}

}  // namespace
}  // namespace pitwatch
