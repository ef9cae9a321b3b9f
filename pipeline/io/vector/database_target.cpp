#include "pipeline/io/vector/database_target.hpp"

#include <algorithm>
#include <cstddef>
#include <regex>
#include <string_view>
#include <utility>

namespace pitwatch {

bool is_database(const std::string& target) {
  const std::size_t colon = target.find(':');
  return colon != std::string::npos && colon > 1 &&
         std::all_of(target.begin(), target.begin() + static_cast<std::ptrdiff_t>(colon),
                     [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); });
}

std::string with_time_limits(std::string target) {
  constexpr std::string_view prefix = "PG:";
  const bool is_url = target.find("://") != std::string::npos;
  if (!target.starts_with(prefix) || is_url) return target;
  for (const auto& [key, value] :
       {std::pair{"connect_timeout", "10"},
        {"tcp_user_timeout", "30000"},  // milliseconds
        {"options", "'-c lock_timeout=60s -c statement_timeout=600s -c client_min_messages=error'"}}) {
    if (target.find(std::string(key) + "=") == std::string::npos) target += " " + std::string(key) + "=" + value;
  }
  return target;
}

bool tells_of_no_server(const std::string& reason) {
  const auto tells = [&](const char* words) { return reason.find(words) != std::string::npos; };
  return tells("onnection refused") || tells("timeout expired") || tells("timed out") ||
         tells("could not translate host name") || tells("No route to host") || tells("server closed the connection") ||
         tells("starting up") || tells("shutting down") || tells("No such file or directory");  // of a socket
}

std::string without_password(const std::string& target) {
  static const std::regex password("(password\\s*=\\s*)('(\\\\.|[^'\\\\])*'|[^\\s,]+)", std::regex::icase);
  static const std::regex in_url("(://[^:/@\\s]*:)[^@\\s]*@");
  return std::regex_replace(std::regex_replace(target, password, "$1***"), in_url, "$1***@");
}

}  // namespace pitwatch
