/* A plugin of qemu's user mode: counts the guest's instructions, and writes the count whenever the guest asks for its
   parent's process number, which nothing else does. The interface is declared here, since Debian ships no header. */

#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#ifndef VERSION
#define VERSION 1
#endif
#define VISIBLE __attribute__((visibility("default")))

typedef uint64_t plugin_id;
struct qemu_plugin_tb;
extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
extern void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id, void (*call)(plugin_id, struct qemu_plugin_tb *));
extern void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *block, void (*call)(unsigned int, void *),
                                                 int flags, void *data);
extern void qemu_plugin_register_vcpu_syscall_cb(
    plugin_id id, void (*call)(plugin_id, unsigned int, int64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
                               uint64_t, uint64_t, uint64_t));

VISIBLE int qemu_plugin_version = VERSION;

static const int64_t getppid_on_arm64 = 173;
static uint64_t count;
static FILE *out;

static void executed(unsigned int cpu, void *instructions) { count += (uintptr_t)instructions; }

static void translated(plugin_id id, struct qemu_plugin_tb *block) {
    qemu_plugin_register_vcpu_tb_exec_cb(block, executed, 0, (void *)(uintptr_t)qemu_plugin_tb_n_insns(block));
}

static void called(plugin_id id, unsigned int cpu, int64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
                   uint64_t e, uint64_t f, uint64_t g, uint64_t h) {
    if (number == getppid_on_arm64) {
        fprintf(out, "%" PRIu64 "\n", count);
        fflush(out);
    }
}

VISIBLE int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv) {
    const char *path = getenv("INSTRUCTIONS_OUT");
    out = path ? fopen(path, "w") : NULL;
    if (!out) return 1;
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_vcpu_syscall_cb(id, called);
    return 0;
}
