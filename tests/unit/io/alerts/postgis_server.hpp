#pragma once
// A PostgreSQL server with PostGIS of a test's own, reached by a socket in a temporary folder.

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

#include "tests/unit/io/test_support.hpp"

namespace pitwatch::test {

class PostgisServer {
 public:
  /// Whether Debian's programs are installed.
  static bool is_installed() { return !programs().empty(); }

  /// Throws std::runtime_error with what the programs say. fsync is off: power is not lost here.
  explicit PostgisServer(bool with_postgis = true) {
    std::filesystem::permissions(folder_.path(), std::filesystem::perms::all);
    expect(run(programs() + "/initdb -A trust -U tester -D " + data()));
    start();
    if (with_postgis) expect(sql("CREATE EXTENSION postgis"));
  }
  ~PostgisServer() { stop(); }
  PostgisServer(const PostgisServer&) = delete;
  PostgisServer& operator=(const PostgisServer&) = delete;

  void start() {
    expect(run(programs() + "/pg_ctl -w -D " + data() + " -l " + (folder_ / "server.log") +
               " -o \"-c listen_addresses='' -c fsync=off -c timezone=Asia/Tbilisi -k " + folder_.path() + "\" start"));
  }
  /// At once, transactions or not: what was committed is recovered by the next start.
  int stop() { return run(programs() + "/pg_ctl -m immediate -D " + data() + " stop"); }

  int sql(const std::string& statement) const {
    return run("psql -v ON_ERROR_STOP=1 -tA -h " + folder_.path() + " -U tester -d postgres -c \"" + statement + "\"");
  }
  /// What the last program said.
  std::string log() const { return read_text(folder_ / "log"); }
  std::string target() const { return "PG:host=" + folder_.path() + " user=tester dbname=postgres"; }

 private:
  /// Debian's folder of the programs; empty where they are not installed.
  static std::string programs() {
    namespace fs = std::filesystem;
    std::error_code none;
    for (fs::directory_iterator it("/usr/lib/postgresql", none), end; it != end; it.increment(none)) {
      const std::string version = it->path().filename().string();
      if (fs::exists(it->path() / "bin/initdb") &&
          fs::exists("/usr/share/postgresql/" + version + "/extension/postgis.control")) {
        return (it->path() / "bin").string();
      }
    }
    return {};
  }
  std::string data() const { return folder_ / "data"; }
  void expect(int status) const {
    if (status != 0) throw std::runtime_error(log());
  }
  /// The server refuses to run as root.
  int run(const std::string& command) const {
    const std::string user = ::geteuid() == 0 ? "runuser -u postgres -- " : "";
    return std::system(("cd /tmp && " + user + command + " >" + (folder_ / "log") + " 2>&1").c_str());
  }

  TemporaryFolder folder_;
};

}  // namespace pitwatch::test
