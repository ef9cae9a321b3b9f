#include "pipeline/delivery/notify.hpp"

#include <algorithm>
#include <filesystem>
#include <span>
#include <system_error>
#include <utility>

#include "pipeline/core/error.hpp"
#include "pipeline/core/interrupt.hpp"
#include "pipeline/core/safe_text.hpp"
#include "pipeline/delivery/messages.hpp"
#include "pipeline/io/files/folder_lock.hpp"
#include "pipeline/io/files/write_refusal.hpp"
#include "pipeline/io/remote/mail_client.hpp"
#include "pipeline/io/remote/remote_path.hpp"
#include "pipeline/register/register.hpp"

namespace pitwatch {
namespace {

constexpr std::size_t most_events_of_a_mail = 100;
constexpr int most_refusals_in_a_row = 5;
constexpr std::int64_t most_answer_bytes = std::int64_t{1} << 20;

/// History first: what is recorded meanwhile has its alert.
RegisterNews read_news(const std::string& target) {
  const std::vector<RegisteredEvent> history = read_history(target);
  RegisterContent content = read_register(target);
  return news_of(std::move(content.alerts), history, content.reviews);
}

RemotePolicy policy_of(const WebhookTarget& target, const NotifyOptions& options) {
  RemotePolicy policy = options.remote;
  const RemoteUrl url = parse_remote_url(target.url);
  if (url.scheme == "https") {
    policy.hosts.push_back(url.port.empty() ? url.host : url.host + ":" + url.port);
  } else if (std::find(policy.schemes.begin(), policy.schemes.end(), "http") == policy.schemes.end()) {
    throw ConfigError("without TLS; if that is meant, allow it by --allow-host http://HOST");
  }
  return policy;
}

/// One subscription: its ledger, and what is due.
class Delivery {
 public:
  Delivery(const NotifyOptions& options, const RegisterNews& news, const Subscription& subscription)
      : options_(options), news_(news), subscription_(subscription) {
    report_.id = subscription.id;
    report_.target = shown_target(subscription);
    for (const std::string& site : subscription.filter.sites) {
      const auto is_of_site = [&](const OutlinedAlert& one) { return one.alert.site == site; };
      if (std::none_of(news.alerts.begin(), news.alerts.end(), is_of_site)) report_.unknown_sites.push_back(site);
    }
  }

  /// Sends nothing: what is waiting.
  SubscriptionReport look() {
    guarded([&] { begin(); });
    list_waiting();
    return finish();
  }

  SubscriptionReport send() {
    guarded([&] {
      begin();
      if (report_.is_first || report_.passed_over > 0) write_ledger(options_.state, ledger_);
      is_begun_ = true;
      if (const auto* const webhook = std::get_if<WebhookTarget>(&subscription_.target)) {
        post_all(*webhook);
      } else {
        mail_all(std::get<MailTarget>(subscription_.target));
      }
    });
    list_waiting();
    if (is_begun_) note_problem();
    return finish();
  }

 private:
  /// An error of one subscription is its own; those of our files, and an end that was asked for, are everyone's.
  template <typename Action>
  void guarded(const Action& action) {
    try {
      action();
    } catch (const UnavailableError& error) {
      report_.problem = without_path(error.what());
      report_.is_unreachable = true;
    } catch (const DataError& error) {
      report_.problem = without_path(error.what());
    } catch (const ConfigError& error) {
      report_.problem = without_path(error.what());
    }
  }

  void begin() {
    const std::optional<Ledger> known = read_ledger(options_.state, subscription_.id);
    report_.is_first = !known;
    if (known) {
      ledger_ = *known;
    } else {
      ledger_.subscription = subscription_.id;
      ledger_.began = clock_now();
    }
    if (!known || options_.since) report_.passed_over = pass_over(news_, options_.since, ledger_.done);
    is_known_ = true;
  }

  std::vector<NewsEvent> due() const { return due_news(news_, subscription_.filter, ledger_.done); }

  void note(const std::string& alert_id, const NewsEvent& event) { mark_done(event, alert_id, ledger_.done); }

  void count_delivered(std::size_t events) {
    report_.delivered += events;
    ledger_.delivered += static_cast<std::int64_t>(events);
    ledger_.last_delivery = clock_now();
  }

  void post_all(const WebhookTarget& target) {
    const std::vector<NewsEvent> events = due();
    if (events.empty()) return;
    HttpOptions http = options_.http;
    http.most_redirects = 0;  // a POST that became a GET would seem to have arrived
    HttpClient client(http, policy_of(target, options_));
    const std::string secret = read_secret(target.secret);
    std::set<std::pair<std::size_t, NewsKind>> refused;
    int refusals = 0;
    for (const NewsEvent& event : events) {
      throw_if_interrupted();
      // Its later events of the kind wait: what is noted is up to which number all arrived.
      if (event.kind != NewsKind::reviewed && refused.count({event.alert, event.kind}) != 0) continue;
      const std::string why = post(client, target.url, secret, event);
      if (why.empty()) {
        refusals = 0;
        note(news_.alerts[event.alert].alert.id, event);
        count_delivered(1);
        write_ledger(options_.state, ledger_);
        continue;
      }
      report_.problem = without_path(why);
      refused.insert({event.alert, event.kind});
      if (++refusals == most_refusals_in_a_row) return;
    }
  }

  /// Empty where it arrived; why it was refused.
  std::string post(HttpClient& client, const std::string& url, const std::string& secret, const NewsEvent& event) {
    const std::string& id = news_.alerts[event.alert].alert.id;
    HttpBody body{webhook_body(news_, event, subscription_.id), "application/json", "*/*", most_answer_bytes};
    body.headers = webhook_headers(idempotency_key(subscription_.id, id, event), name(event.kind), secret, body.content,
                                   clock_now());
    body.has_own_connection = true;
    const HttpAnswer answer = client.post(url, body);
    if (answer.status >= 200 && answer.status < 300) return {};
    const std::string text = status_text(url, answer.status);
    if (answer.status == 429 || answer.status >= 500) throw UnavailableError(text);
    return printable(id) + ": " + text;
  }

  void mail_all(const MailTarget& target) {
    if (ledger_.on_its_way) send_noted_mail(target);
    const std::vector<NewsEvent> events = due();
    for (std::size_t first = 0; first < events.size(); first += most_events_of_a_mail) {
      throw_if_interrupted();
      const std::span<const NewsEvent> some(
          events.begin() + static_cast<std::ptrdiff_t>(first),
          events.begin() + static_cast<std::ptrdiff_t>(std::min(events.size(), first + most_events_of_a_mail)));
      MailOnItsWay mail{mail_message(news_, some, subscription_, clock_now()), {}};
      for (const NewsEvent& event : some) mail.news.emplace_back(news_.alerts[event.alert].alert.id, event);
      ledger_.on_its_way = std::move(mail);
      write_ledger(options_.state, ledger_);
      send_noted_mail(target);
    }
  }

  void send_noted_mail(const MailTarget& target) {
    MailServer server{target.server, target.requires_tls, target.user, {}};
    if (!target.user.empty()) server.password = read_secret(target.password);
    try {
      send_mail(server, {target.from, target.to, ledger_.on_its_way->message}, options_.http);
    } catch (const UnavailableError&) {
      throw;
    } catch (const DataError&) {
      // Refused: it has not arrived, and would hold up all that comes after it.
      ledger_.on_its_way.reset();
      write_ledger(options_.state, ledger_);
      throw;
    }
    for (const auto& [id, event] : ledger_.on_its_way->news) note(id, event);
    count_delivered(ledger_.on_its_way->news.size());
    ledger_.on_its_way.reset();
    write_ledger(options_.state, ledger_);
  }

  void list_waiting() {
    if (!is_known_) return;
    for (const NewsEvent& event : due()) {
      const Alert& alert = news_.alerts[event.alert].alert;
      report_.waiting.push_back({alert.id, alert.site.value_or(""), event.kind, event.at});
    }
  }

  void note_problem() {
    if (ledger_.problem == report_.problem) return;
    if (report_.problem.empty()) {
      ledger_.problem_since.reset();
    } else if (ledger_.problem.empty()) {
      ledger_.problem_since = clock_now();
    }
    ledger_.problem = report_.problem;
    write_ledger(options_.state, ledger_);
  }

  SubscriptionReport finish() {
    if (is_known_ && !report_.is_first) {
      report_.ledger = std::move(ledger_);
      report_.ledger->done.clear();
    }
    return std::move(report_);
  }

  /// Messages name a webhook by its host: its path may be its password.
  std::string without_path(std::string text) const {
    const auto* const webhook = std::get_if<WebhookTarget>(&subscription_.target);
    if (webhook == nullptr) return printable(text);
    for (const std::string& url : {redacted(webhook->url), webhook->url}) {
      for (std::size_t at = text.find(url); at != std::string::npos; at = text.find(url, at + 1)) {
        text.replace(at, url.size(), report_.target + "/...");
      }
    }
    return printable(text);
  }

  const NotifyOptions& options_;
  const RegisterNews& news_;
  const Subscription& subscription_;
  SubscriptionReport report_;
  Ledger ledger_;
  bool is_known_ = false;  // what was sent
  bool is_begun_ = false;  // and the ledger is there
};

}  // namespace

bool NotifyReport::all_delivered() const {
  return std::all_of(subscriptions.begin(), subscriptions.end(),
                     [](const SubscriptionReport& each) { return each.problem.empty(); });
}

bool NotifyReport::none_reached() const {
  const bool one_arrived = std::any_of(subscriptions.begin(), subscriptions.end(),
                                       [](const SubscriptionReport& each) { return each.delivered > 0; });
  const bool one_failed_otherwise =
      std::any_of(subscriptions.begin(), subscriptions.end(),
                  [](const SubscriptionReport& each) { return !each.problem.empty() && !each.is_unreachable; });
  return !all_delivered() && !one_arrived && !one_failed_otherwise;
}

NotifyReport notify(const NotifyOptions& options) {
  if (options.dry_run) return standing(options);
  const std::vector<Subscription> subscriptions = read_subscriptions(options.subscriptions);
  const RegisterNews news = read_news(options.register_target);
  const std::string folder = options.state + "/delivery";
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error && is_write_refusal(error.value())) refuse_writer(folder, error.value());  // before anything was done
  if (error) throw IoError(folder + ": cannot be made: " + error.message());
  const FolderLock lock(folder);
  NotifyReport report;
  for (const Subscription& subscription : subscriptions) {
    report.subscriptions.push_back(Delivery(options, news, subscription).send());
  }
  return report;
}

NotifyReport standing(const NotifyOptions& options) {
  const std::vector<Subscription> subscriptions = read_subscriptions(options.subscriptions);
  const RegisterNews news = read_news(options.register_target);
  NotifyReport report;
  for (const Subscription& subscription : subscriptions) {
    report.subscriptions.push_back(Delivery(options, news, subscription).look());
  }
  return report;
}

}  // namespace pitwatch
