#pragma once
// A server of tests/servers/ beside a test.

#include <sys/prctl.h>

#include <nlohmann/json.hpp>

#include "pipeline/io/remote/http_client.hpp"
#include "tests/integration/process.hpp"

namespace pitwatch::test {

/// Whether the server can run here.
inline bool has_python() { return run_process({"/bin/sh", "-c", "command -v python3"}).exit_code == 0; }

/// Runs from construction to destruction, on a port of its own.
class HttpServer {
 public:
  HttpServer(const std::string& folder, std::vector<std::string> more = {}, const std::string& scheme = "http",
             const std::string& script = "stac_server.py")
      : scheme_(scheme) {
    std::vector<std::string> words{"/usr/bin/env", "python3",     PITWATCH_SOURCE_DIR "/tests/servers/" + script,
                                   folder,         "--port-file", folder_ / "port"};
    words.insert(words.end(), more.begin(), more.end());
    const std::vector<char*> arguments = detail::pointers(words);
    const int log = ::open((folder_ / "log").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    child_ = ::fork();
    if (child_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // a test that crashes leaves no server
      ::dup2(log, STDERR_FILENO);
      ::execv(arguments[0], arguments.data());
      ::_exit(127);
    }
    ::close(log);
    for (int i = 0; i < 1000 && port_.empty(); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      port_ = read_text(folder_ / "port");
    }
    if (child_ < 0 || port_.empty()) throw std::runtime_error("no server: " + read_text(folder_ / "log"));
  }
  ~HttpServer() {
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
  }
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  std::string host() const { return "127.0.0.1:" + port_; }
  std::string url(const std::string& path) const { return scheme_ + "://" + host() + path; }

  /// What allows this server and nothing else.
  RemotePolicy policy() const {
    RemotePolicy policy;
    policy.schemes = {scheme_};
    policy.hosts = {host()};
    return policy;
  }

  /// What was asked for and sent so far.
  nlohmann::json stats() const {
    HttpClient client({}, policy());
    return nlohmann::json::parse(client.get(url("/stats")));
  }

 private:
  TemporaryFolder folder_;
  std::string scheme_;
  std::string port_;
  pid_t child_ = -1;
};

}  // namespace pitwatch::test
