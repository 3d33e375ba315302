#include "sim/peer.h"

#include <algorithm>

#include "sim/dice.h"
#include "support/noise.h"

namespace echo::sim {

Peer::Peer(std::uint64_t number, Kernel& kernel, std::size_t most, bool of_crowd)
    : number_(number), kernel_(kernel) {
  Dice& dice = kernel_.dice();
  to_send_ = dice.one_in(4) ? 0 : dice.length(most);
  chunk_ = dice.length(70'000);
  stream_->host = dice.one_of(kHosts);
  stream_->in_room = static_cast<std::size_t>(dice.between(1, 100'000));
  stream_->out_room = static_cast<std::size_t>(dice.between(1, 100'000));
  laziness_ = of_crowd ? dice.one_of({1U, 100U, 500U, 500U}) : dice.one_of({1U, 1U, 2U, 5U, 20U});
  mode_ = static_cast<Mode>(dice.one_of({0, 0, 0, 1, 2, 3, 4, 5, 6}));
  acts_at_ = dice.up_to(to_send_);
}

void Peer::step() {
  if (done_ || !kernel_.dice().one_in(laziness_)) return;
  if (stream_->reset) {
    done_ = true;
    return;
  }
  if (kernel_.dice().one_in(2)) {
    send();
  } else {
    receive(kernel_.dice().length(100'000));
  }
}

bool Peer::may_act() const {
  if (done_) return false;
  const bool can_send = sent_ < to_send_ && stream_->in.size() < stream_->in_room;
  const bool can_receive = mode_ != Mode::kNeverReads && !stream_->out.empty();
  return can_send || can_receive || (sent_ == to_send_ && !ended_) || stream_->out_eof;
}

void Peer::receive_rest() {
  if (!stream_->reset) receive(SIZE_MAX);
}

std::string Peer::violation(std::size_t max_queue) const {
  if (wrong_) return describe() + " received bytes that it had not sent";
  const bool echoes = !stream_->out_eof && !stream_->broken && !stream_->reset;
  if (echoes && stream_->received - stream_->sent > max_queue) {
    return describe() + " has more pending bytes than the queue may hold";
  }
  return {};
}

std::string Peer::violation_at_end() const {
  if (!sent_all_ || stream_->broken || stream_->reset || stream_->too_late || got_ == sent_) {
    return {};
  }
  return describe() + " received " + std::to_string(got_) + " bytes of " + std::to_string(sent_);
}

void Peer::send() {
  if (sent_ >= acts_at_ && act()) return;
  const std::size_t room = stream_->in_room - std::min(stream_->in_room, stream_->in.size());
  const auto count =
      std::min<std::uint64_t>({room, to_send_ - sent_, kernel_.dice().length(chunk_)});
  if (count > 0 && stream_->in.empty()) stream_->arrived_at = kernel_.now();
  for (std::uint64_t i = 0; i < count; ++i) stream_->in += test::noise(number_, sent_ + i);
  sent_ += count;
  if (sent_ == to_send_ && mode_ == Mode::kHalfCloses) {
    stream_->in_eof = true;
    // Bytes after the server's EOF are too late.
    sent_all_ = !stream_->out_eof;
    ended_ = true;
  }
  if (sent_ == to_send_ && mode_ == Mode::kStaysOpen) ended_ = true;
}

// Acts according to the manner when the time has come. Returns true if the peer is finished.
bool Peer::act() {
  switch (mode_) {
    case Mode::kHalfCloses:
    case Mode::kStaysOpen:
    case Mode::kNeverReads:
      ended_ = ended_ || sent_ == to_send_;
      return false;
    case Mode::kResets:
      stream_->be_reset();
      break;
    case Mode::kVanishes:
      break;
    case Mode::kSendsUrgently:
      stream_->urgent = true;
      ended_ = true;
      return false;
    case Mode::kCloses:
      stream_->in_eof = true;
      stream_->deaf = true;
      break;
  }
  ended_ = true;
  done_ = true;
  return true;
}

void Peer::receive(std::size_t most) {
  if (mode_ == Mode::kNeverReads) return;
  const std::size_t count = std::min(most, stream_->out.size());
  for (std::size_t i = 0; i < count; ++i) {
    if (got_ + i >= sent_ || stream_->out[i] != test::noise(number_, got_ + i)) wrong_ = true;
  }
  got_ += count;
  stream_->out.erase(0, count);
  if (count > 0) {
    stream_->taken_at = kernel_.now();
    stream_->taken_awake = kernel_.awake();
  }
  if (stream_->out_eof && stream_->out.empty() && mode_ != Mode::kVanishes) {
    // Answers the server's EOF with EOF.
    stream_->in_eof = true;
    done_ = true;
  }
}

}  // namespace echo::sim
