// A register that somebody changed, has open, or left such that nothing can be written to it: met before any work, and
// never vouched for.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "pipeline/io/alerts/register_rows.hpp"
#include "pipeline/io/files/hashing.hpp"
#include "pipeline/io/vector/table_store.hpp"
#include "pipeline/register/register.hpp"
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
using ::testing::Not;

constexpr std::size_t first_night = 30;

/// Made once: a night with alerts, one of them reviewed.
class ChangedRegister : public ::testing::Test {
 protected:
  static const std::string& made() {
    static const Nights nights;
    static const std::string state = [] {
      nights.deliver(0, first_night);
      std::string path = nights / "state";
      const Outcome run = nights.run(path);
      EXPECT_EQ(run.exit_code, 0) << run.err;
      EXPECT_EQ(review_in(path).exit_code, 0);
      return path;
    }();
    return state;
  }
  static Outcome review_in(const std::string& state) {
    return test::run_process({PITWATCH_PROGRAM, "alerts", "review", *test::registered_ids(state).begin(), "--state",
                              state, "--verdict", "confirmed_mining", "--reviewer", "Ann"});
  }

  void SetUp() override {
    Nights::copy(made(), state_);
    nights_.deliver(0, first_night);
  }

  void set_up_again() { Nights::copy(made(), state_); }

  void sql(const std::string& statement) const {
    TableStore store(target(), {}, clock_now());
    store.execute(statement);
    store.commit();
  }
  std::string target() const { return state_ + "/register.gpkg"; }
  Outcome run(const std::vector<std::string>& more = {}) const { return nights_.run(state_, more); }
  Outcome pitwatch(std::vector<std::string> words) const {
    words.insert(words.begin(), PITWATCH_PROGRAM);
    words.insert(words.end(), {"--state", state_});
    return test::run_process(words);
  }
  /// What doctor found of the register, and how it is.
  std::string examined() const {
    const Outcome outcome = pitwatch({"doctor", "--json"});
    const json found = json::parse(outcome.out);
    for (const json& check : found.at("checks")) {
      if (check.at("check") == "register") {
        return check.at("result").get<std::string>() + ": " + check.at("found").get<std::string>();
      }
    }
    return outcome.out;
  }

  Nights nights_;
  std::string state_ = nights_ / "state";
};

TEST_F(ChangedRegister, IsRefusedAndNamedByAllThatWriteToIt) {
  const std::string id = *test::registered_ids(state_).begin();
  struct Change {
    std::string sql, table;
  };
  for (const Change& change :
       {Change{"UPDATE reviews SET verdict = 'licensed'", "'reviews'"},
        {"UPDATE reviews SET reviewer = 'Bob'", "'reviews'"},
        {"UPDATE alert_history SET area_ha = 99 WHERE revision = 1", "'alert_history'"},
        {"UPDATE alert_history SET geom = (SELECT geom FROM alert_history ORDER BY fid LIMIT 1)", "'alert_history'"},
        {"DELETE FROM alert_history WHERE fid = (SELECT max(fid) FROM alert_history)", "'alert_history'"},
        {"UPDATE alerts SET confidence = 0.01", "'alerts'"},
        {"DELETE FROM alert_scenes WHERE fid = 1", "'alert_scenes'"}}) {
    set_up_again();
    sql(change.sql);
    const std::string changed = test::read_text(target());
    for (const Outcome& outcome :
         {run(), pitwatch({"alerts", "review", id, "--verdict", "false", "--reviewer", "A"}),
          pitwatch({"context", "--layers", PITWATCH_SOURCE_DIR "/sample_data/context.json"})}) {
      EXPECT_EQ(outcome.exit_code, 3) << change.sql << outcome.err;
      EXPECT_THAT(outcome.err, AllOf(HasSubstr("register.gpkg"), HasSubstr("was changed by another program"),
                                     HasSubstr("table " + change.table)));
    }
    EXPECT_EQ(test::read_text(target()), changed) << change.sql;
    EXPECT_EQ(test::verify(state_).exit_code, 5) << "what the night refused is not vouched for";
    EXPECT_THAT(examined(), AllOf(HasSubstr("failed"), HasSubstr(change.table)));
  }
}

TEST_F(ChangedRegister, WhatOthersMayDoIsNoChange) {
  sql("CREATE TABLE layer_styles (id INTEGER PRIMARY KEY, styleName TEXT)");
  sql("INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES ('layer_styles', 'attributes', 'styles')");
  sql("INSERT INTO reviews (alert_id, verdict, reviewer, reviewed_at) "
      "SELECT alert_id, 'natural', 'Bea', '2022-06-01T00:00:00Z' FROM reviews LIMIT 1");
  EXPECT_THAT(examined(), AllOf(HasSubstr("2 reviews"), HasSubstr("of the record 5 and 1")));
  const std::string id = *test::registered_ids(state_).begin();
  ASSERT_EQ(test::run_process({PITWATCH_PROGRAM, "alerts", "review", id, "--register", target(), "--verdict", "false",
                               "--reviewer", "Cem"})
                .exit_code,
            0);
  nights_.deliver(first_night, first_night + 2);
  const Outcome night = run();
  EXPECT_EQ(night.exit_code, 0) << night.err;
  EXPECT_THAT(read_reviews(target()), ::testing::SizeIs(3));
  EXPECT_EQ(test::verify(state_).exit_code, 0);
}

TEST_F(ChangedRegister, OneThatWasRestoredIsTakenAndNamed) {
  const std::string copy = test::read_text(target());
  nights_.deliver(first_night, first_night + 1);
  ASSERT_EQ(run().exit_code, 0);
  test::write_text(target(), copy);
  const Outcome night = run();
  EXPECT_EQ(night.exit_code, 4) << night.err;
  EXPECT_THAT(night.err, AllOf(HasSubstr("register.gpkg"), HasSubstr("left it")));
  EXPECT_EQ(test::verify(state_).exit_code, 0);
  EXPECT_EQ(run().exit_code, 0) << "once";
  // One of before a review was recorded is not.
  const std::string before_review = test::read_text(target());
  ASSERT_EQ(review_in(state_).exit_code, 0);
  test::write_text(target(), before_review);
  const Outcome refused = run();
  EXPECT_EQ(refused.exit_code, 3);
  EXPECT_THAT(refused.err, HasSubstr("the state knows of more"));
}

TEST(ChangedDatabase, IsRefusedAsAFileIsAndTakenAsARunLeftIt) {
  if (!test::PostgisServer::is_installed()) GTEST_SKIP() << "no PostgreSQL with PostGIS";
  const test::PostgisServer server;
  const Nights nights;
  const std::string state = nights / "state";
  const auto run = [&] { return nights.run(state, {"--register", server.target()}); };
  const auto sql = [&](const std::string& statements) { ASSERT_EQ(server.sql(statements), 0) << server.log(); };
  const auto copy = [&] {
    std::string statements = "DROP SCHEMA IF EXISTS copy CASCADE; CREATE SCHEMA copy; ";
    for (const Table& table : register_layouts()) {
      statements += "CREATE TABLE copy." + table.name + " AS TABLE " + table.name + "; ";
    }
    sql(statements);
  };
  const auto restore = [&] {
    std::string statements;
    for (const Table& table : register_layouts()) {
      statements += "DELETE FROM " + table.name + "; INSERT INTO " + table.name + " TABLE copy." + table.name + "; ";
    }
    sql(statements);
  };
  nights.deliver(0, first_night);
  ASSERT_EQ(run().exit_code, 0);
  EXPECT_EQ(run().exit_code, 0);
  copy();
  const std::string id = *test::published_ids(state).begin();
  const auto review = [&] {
    return test::run_process({PITWATCH_PROGRAM, "alerts", "review", id, "--state", state, "--register", server.target(),
                              "--verdict", "false", "--reviewer", "Ann"});
  };
  for (const auto& [change, table] :
       {std::array{"UPDATE alert_history SET area_ha = area_ha + 1 WHERE fid = 1", "'alert_history'"},
        {"UPDATE alerts SET confidence = 0.01", "'alerts'"},
        {"DELETE FROM alert_scenes WHERE fid = 1", "'alert_scenes'"}}) {
    sql(change);
    for (const Outcome& refused : {run(), review()}) {
      EXPECT_EQ(refused.exit_code, 3) << change << refused.err;
      EXPECT_THAT(refused.err,
                  AllOf(HasSubstr("was changed by another program"), HasSubstr(std::string("table ") + table + ";")));
    }
    restore();
  }
  EXPECT_EQ(review().exit_code, 0);
  sql("INSERT INTO reviews (alert_id, verdict, reviewer, reviewed_at) VALUES ('" + id +
      "', 'natural', 'Bea', '2022-06-01')");
  EXPECT_EQ(run().exit_code, 0) << "what another program adds is no change";
  EXPECT_THAT(read_reviews(server.target()), ::testing::SizeIs(2));

  copy();
  nights.deliver(first_night, first_night + 1);
  ASSERT_EQ(run().exit_code, 0);
  restore();
  const Outcome night = run();
  EXPECT_EQ(night.exit_code, 4) << night.err;
  EXPECT_THAT(night.err, HasSubstr("left it"));
  EXPECT_EQ(test::verify(state).exit_code, 0);
  EXPECT_EQ(run().exit_code, 0) << "once";
}

/// A record of the version before: it has the reviews alone.
TEST_F(ChangedRegister, ByARecordOfBeforeReviewsAreCompared) {
  const std::string head = test::read_text(state_ + "/runs/HEAD").substr(66);
  const std::string path = state_ + "/runs/" + head.substr(0, head.size() - 1);
  auto manifest = nlohmann::ordered_json::parse(test::read_text(path));
  manifest.at("register").erase("tables");
  const std::string text = manifest.dump();
  test::write_text(path, text);
  test::write_text(state_ + "/runs/HEAD", sha256_text(text) + "  " + head);
  sql("INSERT INTO reviews (alert_id, verdict, reviewer, reviewed_at) "
      "SELECT alert_id, 'natural', 'Bea', '2020-06-01T00:00:00Z' FROM reviews LIMIT 1");
  Nights::copy(state_, nights_ / "other");
  EXPECT_EQ(run().exit_code, 0);
  Nights::copy(nights_ / "other", state_);
  sql("UPDATE reviews SET verdict = 'licensed' WHERE reviewer = 'Ann'");
  const Outcome refused = run();
  EXPECT_EQ(refused.exit_code, 3);
  EXPECT_THAT(refused.err, HasSubstr("table 'reviews'"));
}

TEST_F(ChangedRegister, OneThatCannotBeWrittenToIsMetBeforeTheWork) {
  for (const char* const change :
       {"DROP TABLE alert_history", "ALTER TABLE alerts DROP COLUMN class", "UPDATE alerts SET geom = NULL"}) {
    set_up_again();
    sql(change);
    EXPECT_THAT(examined(), HasSubstr("failed")) << change;
    const Outcome night = run();
    EXPECT_EQ(night.exit_code, 3) << change << night.err;
    // So where the state does not know it.
    const std::string fresh = nights_ / "fresh";
    fs::remove_all(fresh);
    fs::create_directories(fresh);
    fs::copy(target(), fresh + "/register.gpkg");
    EXPECT_EQ(nights_.run(fresh).exit_code, 3) << change;
    EXPECT_FALSE(fs::exists(fresh + "/sites")) << change << ": scenes were taken in";
  }
}

/// Another program that has the file as SQLite locks it to write.
class Locked {
 public:
  explicit Locked(const std::string& path) {
    std::array<int, 2> ready{};
    if (::pipe(ready.data()) != 0) throw std::runtime_error("no pipe");
    process_ = ::fork();
    if (process_ == 0) {
      const int file = ::open(path.c_str(), O_RDWR);
      struct flock lock {};
      lock.l_type = F_WRLCK;
      lock.l_whence = SEEK_SET;
      lock.l_start = 0x40000000;
      lock.l_len = 512;
      const bool has_it = ::fcntl(file, F_SETLK, &lock) == 0;
      if (::write(ready[1], has_it ? "y" : "n", 1) != 1) ::_exit(1);
      ::pause();
      ::_exit(0);
    }
    char answer = 0;
    EXPECT_EQ(::read(ready[0], &answer, 1), 1);
    EXPECT_EQ(answer, 'y');
    ::close(ready[0]);
    ::close(ready[1]);
  }
  ~Locked() {
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
  }
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;

 private:
  pid_t process_ = -1;
};

TEST_F(ChangedRegister, OneThatAnotherProgramWritesToIsLeftAloneBeforeTheWork) {
  nights_.deliver(first_night, first_night + 1);
  const auto sites = test::names_in(state_ + "/sites/small");
  const auto expect_busy = [&](const Outcome& outcome) {
    EXPECT_EQ(outcome.exit_code, 75) << outcome.err;
    EXPECT_THAT(outcome.err, AllOf(HasSubstr("register.gpkg"), HasSubstr("is being written to by another program"),
                                   Not(HasSubstr("restore")), Not(HasSubstr("--new-register"))));
    EXPECT_EQ(test::names_in(state_ + "/sites/small"), sites) << "scenes were taken in";
  };
  const std::string id = *test::registered_ids(state_).begin();
  {
    const Locked lock(target());
    expect_busy(run());
    expect_busy(pitwatch({"alerts", "review", id, "--verdict", "false", "--reviewer", "A"}));
  }
  for (const char* const suffix : {"-wal", "-journal"}) {
    test::write_text(target() + suffix, "a write half done");
    expect_busy(run());
    fs::remove(target() + suffix);
  }
  EXPECT_EQ(run().exit_code, 0);
}

}  // namespace
}  // namespace pitwatch
