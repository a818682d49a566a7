#include "syscall/tasks.h"

#include <stdlib.h>

enum { FIRST_CAPACITY = 64 };

bool rnc_tasks_init(rnc_tasks *tasks) {
    *tasks = (rnc_tasks){.capacity = FIRST_CAPACITY};
    tasks->slots = calloc(FIRST_CAPACITY, sizeof *tasks->slots);
    return tasks->slots != NULL;
}

static void free_task(rnc_task *task) {
    rnc_buffer_free(&task->captures);
    free(task);
}

void rnc_tasks_free(rnc_tasks *tasks) {
    if (!tasks->slots)
        return;
    for (size_t i = 0; i < tasks->capacity; i++) {
        rnc_task *leader = tasks->slots[i];
        if (leader && leader->tid == leader->group->pid)
            rnc_tasks_remove_group(tasks, leader->group);
    }
    for (size_t i = 0; i < tasks->capacity; i++)
        if (tasks->slots[i])
            free_task(tasks->slots[i]);
    for (rnc_task *task = tasks->free_tasks, *next; task; task = next) {
        next = task->next;
        free_task(task);
    }
    for (rnc_group *group = tasks->free_groups, *next; group; group = next) {
        next = group->next_free;
        free(group);
    }
    free(tasks->slots);
}

/* ---- the table ------------------------------------------------------------------------------- */

static size_t home_of(const rnc_tasks *tasks, pid_t tid) {
    return ((uint32_t)tid * 2654435769u >> 8) & (tasks->capacity - 1);
}

/* Where the tid is, or the empty slot where it would go. */
static size_t slot_of(const rnc_tasks *tasks, pid_t tid) {
    size_t slot = home_of(tasks, tid);
    while (tasks->slots[slot] && tasks->slots[slot]->tid != tid)
        slot = (slot + 1) & (tasks->capacity - 1);
    return slot;
}

static bool grow(rnc_tasks *tasks) {
    rnc_tasks larger = *tasks;
    larger.capacity *= 2;
    larger.slots = calloc(larger.capacity, sizeof *larger.slots);
    if (!larger.slots)
        return false;
    for (size_t i = 0; i < tasks->capacity; i++) {
        rnc_task *task = tasks->slots[i];
        if (task)
            larger.slots[slot_of(&larger, task->tid)] = task;
    }
    free(tasks->slots);
    *tasks = larger;
    return true;
}

/* Moves later entries of the run back, so that no search ends early at the slot set free. */
static void clear_slot(rnc_tasks *tasks, size_t hole) {
    size_t mask = tasks->capacity - 1;
    for (size_t slot = (hole + 1) & mask; tasks->slots[slot]; slot = (slot + 1) & mask) {
        size_t home = home_of(tasks, tasks->slots[slot]->tid);
        if (((slot - home) & mask) < ((slot - hole) & mask))
            continue;
        tasks->slots[hole] = tasks->slots[slot];
        hole = slot;
    }
    tasks->slots[hole] = NULL;
}

rnc_task *rnc_tasks_find(const rnc_tasks *tasks, pid_t tid) {
    return tasks->slots[slot_of(tasks, tid)];
}

void rnc_tasks_rename(rnc_tasks *tasks, rnc_task *task, pid_t tid) {
    clear_slot(tasks, slot_of(tasks, task->tid));
    task->tid = tid;
    task->queued = -1;
    tasks->slots[slot_of(tasks, tid)] = task;
}

/* ---- tasks and groups ------------------------------------------------------------------------ */

rnc_task *rnc_tasks_add(rnc_tasks *tasks, pid_t tid, rnc_group *group) {
    if (tasks->count * 2 >= tasks->capacity && !grow(tasks))
        return NULL;
    rnc_task *task = tasks->free_tasks;
    if (task) {
        tasks->free_tasks = task->next;
    } else {
        task = calloc(1, sizeof *task);
        if (!task)
            return NULL;
    }
    rnc_buffer captures = task->captures;
    captures.size = 0;
    *task = (rnc_task){
        .tid = tid, .group = group, .next = group->tasks, .queued = -1, .captures = captures};
    group->tasks = task;
    tasks->slots[slot_of(tasks, tid)] = task;
    tasks->count++;
    return task;
}

void rnc_tasks_remove(rnc_tasks *tasks, rnc_task *task) {
    rnc_task **link = &task->group->tasks;
    while (*link != task)
        link = &(*link)->next;
    *link = task->next;
    clear_slot(tasks, slot_of(tasks, task->tid));
    tasks->count--;
    task->next = tasks->free_tasks;
    tasks->free_tasks = task;
}

rnc_group *rnc_tasks_add_group(rnc_tasks *tasks, pid_t pid) {
    rnc_group *group = tasks->free_groups;
    if (group)
        tasks->free_groups = group->next_free;
    else
        group = malloc(sizeof *group);
    if (group)
        *group = (rnc_group){.pid = pid};
    return group;
}

void rnc_tasks_remove_group(rnc_tasks *tasks, rnc_group *group) {
    group->next_free = tasks->free_groups;
    tasks->free_groups = group;
}
