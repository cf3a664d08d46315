// SPDX-License-Identifier: LGPL-2.1-or-later
// Assembles seccomp filters: a binary search over call numbers, made at compile time.
//
// The kernel runs a new filter once for every call number there is, to remember which ones it
// always allows (kernel/seccomp.c, seccomp_cache_prepare()); a search tree keeps that, and with it
// the start of a process, short.
#pragma once

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstdint>

namespace hostcompat::sandbox::filter {

/// Calls from this number on (Linux 5.3; the same on every architecture) fail with ENOSYS, as on an
/// older kernel, so that a C library falls back to the older call: for example to clone from
/// clone3, whose flags a filter cannot see.
inline constexpr std::uint32_t kFirstNewCall = 434;

/// The condition on the argument of a call.
enum class Test : std::uint8_t {
    none,       ///< always allowed
    noneOf,     ///< allowed where the argument has no bit of the value
    allOf,      ///< allowed where the argument has the (one) bit of the value
    equals,     ///< allowed where the argument is the value
    ownProcess, ///< allowed where the argument is this process' id
};

/// One call that the filter knows; every other one is denied. Arguments are compared in their
/// lower 32 bits, which is all that the kernel uses of the ones tested here.
struct Rule {
    std::uint32_t number = 0;
    Test test = Test::none;
    std::uint8_t argument = 0;
    std::uint32_t value = 0;
    /// A second value for equals; the first one repeated where there is none.
    std::uint32_t other = 0;
};

#if defined __x86_64__
inline constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined __powerpc64__ && defined __LITTLE_ENDIAN__
inline constexpr std::uint32_t kArchitecture = AUDIT_ARCH_PPC64LE;
#elif defined __powerpc64__
inline constexpr std::uint32_t kArchitecture = AUDIT_ARCH_PPC64;
#elif defined __aarch64__
inline constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#elif defined __s390x__
inline constexpr std::uint32_t kArchitecture = AUDIT_ARCH_S390X;
#elif defined __riscv && __riscv_xlen == 64
inline constexpr std::uint32_t kArchitecture = AUDIT_ARCH_RISCV64;
#else
#error "the sandbox does not know this architecture; build with -Dsandbox=disabled"
#endif

consteval sock_filter statement(unsigned code, std::uint32_t value) {
    return {static_cast<std::uint16_t>(code), 0, 0, value};
}

/// Offsets count from the instruction behind; they reach 255 instructions.
consteval std::uint8_t offset(std::size_t distance) {
    if (distance > 255)
        throw "the filter is too long for its jumps";
    return static_cast<std::uint8_t>(distance);
}

consteval sock_filter jump(unsigned code, std::uint32_t value, std::size_t yes, std::size_t no) {
    return {static_cast<std::uint16_t>(BPF_JMP | code | BPF_K), offset(yes), offset(no), value};
}

consteval std::uint32_t lowerWordOf(std::uint8_t argument) {
    const std::size_t lower = std::endian::native == std::endian::little ? 0 : 4;
    return static_cast<std::uint32_t>(offsetof(seccomp_data, args) + std::size_t{8} * argument +
                                      lower);
}

/// The filter of N rules. Its room is that of the largest form; `length` says how much is used.
template <std::size_t N>
struct Program {
    static constexpr std::size_t kHead = 5;
    static constexpr std::size_t kTree = 2 * N - 1;
    static constexpr std::size_t kRoom = kHead + kTree + 3 * N + 3;

    std::array<sock_filter, kRoom> code{};
    std::size_t length = 0;
    /// Where this process' id has to be put before use.
    std::array<std::size_t, N> ownProcess{};
    std::size_t ownProcesses = 0;
};

template <std::size_t N>
class Assembler {
public:
    explicit consteval Assembler(std::array<Rule, N> rules) : rules_(rules) {
        std::ranges::sort(rules_, {}, &Rule::number);
    }

    consteval Program<N> assemble() {
        placeTests();
        auto& code = program_.code;
        code[0] = statement(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch));
        code[1] = jump(BPF_JEQ, kArchitecture, 1, 0);
        code[2] = statement(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
        code[3] = statement(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr));
        code[4] = jump(BPF_JGE, kFirstNewCall, absent_ - 5, 0);
        tree(Program<N>::kHead, 0, N);
        tests();
        code[allow_] = statement(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
        code[deny_] = statement(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
        code[absent_] = statement(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS);
        program_.length = absent_ + 1;
        return program_;
    }

private:
    static consteval std::size_t lengthOf(const Rule& rule) {
        if (rule.test == Test::none)
            return 0;
        return rule.test == Test::equals ? 3 : 2;
    }

    consteval void placeTests() {
        std::size_t at = Program<N>::kHead + Program<N>::kTree;
        for (std::size_t i = 0; i < N; ++i) {
            testAt_[i] = at;
            at += lengthOf(rules_[i]);
        }
        allow_ = at;
        deny_ = at + 1;
        absent_ = at + 2;
    }

    consteval std::size_t targetOf(std::size_t rule) const {
        return rules_[rule].test == Test::none ? allow_ : testAt_[rule];
    }

    /// Puts the search among the rules [from, to) at a place.
    consteval void tree(std::size_t at, std::size_t from, std::size_t to) {
        if (to - from == 1) {
            program_.code[at] =
                jump(BPF_JEQ, rules_[from].number, targetOf(from) - at - 1, deny_ - at - 1);
            return;
        }
        const std::size_t middle = from + (to - from) / 2;
        const std::size_t leftLength = 2 * (middle - from) - 1;
        program_.code[at] = jump(BPF_JGE, rules_[middle].number, leftLength, 0);
        tree(at + 1, from, middle);
        tree(at + 1 + leftLength, middle, to);
    }

    consteval void tests() {
        for (std::size_t i = 0; i < N; ++i) {
            const Rule& rule = rules_[i];
            if (lengthOf(rule) == 0)
                continue;
            std::size_t at = testAt_[i];
            program_.code[at] = statement(BPF_LD | BPF_W | BPF_ABS, lowerWordOf(rule.argument));
            ++at;
            const std::size_t yes = allow_ - at - 1;
            const std::size_t no = deny_ - at - 1;
            switch (rule.test) {
            case Test::noneOf:
                program_.code[at] = jump(BPF_JSET, rule.value, no, yes);
                break;
            case Test::allOf:
                program_.code[at] = jump(BPF_JSET, rule.value, yes, no);
                break;
            case Test::ownProcess:
                program_.ownProcess[program_.ownProcesses++] = at;
                program_.code[at] = jump(BPF_JEQ, 0, yes, no);
                break;
            default:
                program_.code[at] = jump(BPF_JEQ, rule.value, yes, 0);
                program_.code[at + 1] = jump(BPF_JEQ, rule.other, yes - 1, no - 1);
            }
        }
    }

    std::array<Rule, N> rules_;
    std::array<std::size_t, N> testAt_{};
    std::size_t allow_ = 0;
    std::size_t deny_ = 0;
    std::size_t absent_ = 0;
    Program<N> program_{};
};

template <std::size_t N>
consteval Program<N> assemble(const std::array<Rule, N>& rules) {
    return Assembler<N>(rules).assemble();
}

} // namespace hostcompat::sandbox::filter
