/* The table of tasks against a plain array, through many births, deaths and renamings. */
#include "syscall/tasks.h"

#include <stdlib.h>

#include "check.h"

enum { TIDS = 3000, STEPS = 200000 };

static rnc_task *expected[TIDS + 1];

static void check_all(const rnc_tasks *tasks, size_t count) {
    size_t wrong = 0;
    for (pid_t tid = 1; tid <= TIDS; tid++)
        wrong += rnc_tasks_find(tasks, tid) != expected[tid];
    CHECK(wrong == 0, "%zu", wrong);
    CHECK(tasks->count == count);
}

static size_t step(rnc_tasks *tasks, rnc_group *group, size_t count) {
    pid_t tid = 1 + rand() % TIDS, other = 1 + rand() % TIDS;
    rnc_task *task = expected[tid];
    if (!task) {
        expected[tid] = rnc_tasks_add(tasks, tid, group);
        return count + 1;
    }
    if (rand() % 4 == 0 && !expected[other]) {
        rnc_tasks_rename(tasks, task, other);
        expected[other] = task;
        expected[tid] = NULL;
        return count;
    }
    rnc_tasks_remove(tasks, task);
    expected[tid] = NULL;
    return count - 1;
}

int main(void) {
    rnc_tasks tasks;
    CHECK(rnc_tasks_init(&tasks));
    rnc_group *group = rnc_tasks_add_group(&tasks, TIDS + 1);
    CHECK(rnc_tasks_add(&tasks, TIDS + 1, group) != NULL);
    size_t count = 1;
    srand(1);
    for (int i = 0; i < STEPS; i++) {
        count = step(&tasks, group, count);
        if (i % 10000 == 0)
            check_all(&tasks, count);
    }
    check_all(&tasks, count);
    rnc_tasks_free(&tasks);
    return check_report();
}
