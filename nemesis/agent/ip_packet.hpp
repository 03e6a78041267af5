// A packet of IP as the queue hands it over: where it comes from, and damage to its payload.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/random.hpp"

namespace gauntlet::agent {

/// The source address as 16 bytes (IPv4 mapped, ::ffff:a.b.c.d), for lookup. Empty if it is no IP.
std::string source_of(std::span<const std::uint8_t> packet);

/// The same from its text; empty if it is no address in figures.
std::string address_key(const std::string& text);

/// Flips a random bit of what TCP, UDP or ICMP carries, and sets the checksum to what is right for
/// the damaged packet, or for the undamaged one. False, and nothing done, where there is no
/// payload, or the packet is a fragment, cut or of another protocol.
bool corrupt_payload(std::span<std::uint8_t> packet, bool correct_checksum, Random& random);

}  // namespace gauntlet::agent
