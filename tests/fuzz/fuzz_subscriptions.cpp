// Any bytes, read as a file of subscriptions: targets that nothing can be smuggled into, or a ConfigError of one line.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>

#include "pipeline/core/error.hpp"
#include "pipeline/delivery/subscriptions.hpp"
#include "pipeline/io/remote/mail_client.hpp"
#include "tests/fuzz/fuzz_support.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pitwatch;
  using fuzz::require;
  const auto is_one_line = [](const std::string& text) {
    return text.find_first_of(std::string("\r\n\0", 3)) == std::string::npos;
  };
  try {
    std::set<std::string> ids;
    for (const Subscription& each : parse_subscriptions(fuzz::text_of(data, size), "/etc")) {
      require(!each.id.empty() && each.id.find('/') == std::string::npos && each.id.front() != '.');
      require(ids.insert(each.id).second);
      require(each.filter.min_area_ha >= 0 && each.filter.max_natural >= 0 && each.filter.max_natural <= 1);
      require(is_one_line(shown_target(each)));
      if (const auto* const webhook = std::get_if<WebhookTarget>(&each.target)) {
        require(is_one_line(webhook->url) && webhook->url.find('@') >= webhook->url.find_first_of("/?#", 8));
        require(webhook->secret.file.empty() != webhook->secret.variable.empty());
        continue;
      }
      const auto& mail = std::get<MailTarget>(each.target);
      require(is_one_line(mail.from_name) && is_mail_address(mail.from) && !mail.to.empty());
      for (const std::string& to : mail.to) require(is_mail_address(to) && is_one_line(to));
      require(mail.user.empty() || mail.requires_tls || mail.server.starts_with("smtps:"));
    }
  } catch (const ConfigError& error) {
    require(is_one_line(error.what()));
  }
  return 0;
}
