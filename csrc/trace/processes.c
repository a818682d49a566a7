#include "trace/processes.h"

#include <stdlib.h>
#include <string.h>

#include "trace/ids.h"

/* A program that execs without end keeps its first images and its last one. */
enum { IMAGES_MAX = 64 };

/* Open addressing over live processes; a power of two of places, at most half of them used. */
struct rnc_processes {
    rnc_process **table;
    size_t places;
    size_t used;
};

rnc_processes *rnc_processes_new(void) {
    rnc_processes *processes = calloc(1, sizeof *processes);
    if (!processes)
        return NULL;
    processes->places = 64;
    processes->table = calloc(processes->places, sizeof *processes->table);
    if (processes->table)
        return processes;
    free(processes);
    return NULL;
}

static void free_process(rnc_process *process) {
    for (size_t i = 0; i < process->image_count; i++)
        free((char *)process->images[i].path);
    free(process->images);
    free(process);
}

void rnc_processes_free(rnc_processes *processes) {
    if (!processes)
        return;
    for (size_t i = 0; i < processes->places; i++)
        if (processes->table[i])
            free_process(processes->table[i]);
    free(processes->table);
    free(processes);
}

static size_t place_of(const rnc_processes *processes, uint32_t pid) {
    size_t place = rnc_mix(pid) & (processes->places - 1);
    while (processes->table[place] && processes->table[place]->pid != pid)
        place = (place + 1) & (processes->places - 1);
    return place;
}

static rnc_process *find(const rnc_processes *processes, uint32_t pid) {
    return processes->table[place_of(processes, pid)];
}

static bool grow(rnc_processes *processes) {
    rnc_processes larger = {.places = processes->places * 2, .used = processes->used};
    larger.table = calloc(larger.places, sizeof *larger.table);
    if (!larger.table)
        return false;
    for (size_t i = 0; i < processes->places; i++)
        if (processes->table[i])
            larger.table[place_of(&larger, processes->table[i]->pid)] = processes->table[i];
    free(processes->table);
    *processes = larger;
    return true;
}

/* Later members of the same run move up, so that no search ends early at the gap. */
void rnc_processes_remove(rnc_processes *processes, rnc_process *process) {
    size_t mask = processes->places - 1;
    size_t gap = place_of(processes, process->pid);
    processes->table[gap] = NULL;
    processes->used--;
    free_process(process);
    for (size_t i = (gap + 1) & mask; processes->table[i]; i = (i + 1) & mask) {
        rnc_process *moved = processes->table[i];
        processes->table[i] = NULL;
        processes->table[place_of(processes, moved->pid)] = moved;
    }
}

/* A copy of one image in one allocation, owned by its path. */
static bool copy_image(rnc_image *out, const rnc_image *image) {
    size_t path_size = strlen(image->path) + 1;
    char *path = malloc(path_size + image->args_size + 1);
    if (!path)
        return false;
    memcpy(path, image->path, path_size);
    memcpy(path + path_size, image->args, image->args_size);
    path[path_size + image->args_size] = '\0';
    *out = (rnc_image){image->time, path, path + path_size, image->args_size};
    return true;
}

static void add_image(rnc_process *process, const rnc_image *image) {
    rnc_image copy;
    if (!copy_image(&copy, image))
        return;
    if (process->image_count == IMAGES_MAX) {
        rnc_image *last = &process->images[IMAGES_MAX - 1];
        free((char *)last->path);
        *last = copy;
        process->images_dropped++;
        return;
    }
    rnc_image *images =
        realloc(process->images, (process->image_count + 1) * sizeof *process->images);
    if (!images) {
        free((char *)copy.path);
        return;
    }
    process->images = images;
    process->images[process->image_count++] = copy;
}

/* A pid that is known has been reused: its EXIT was lost. */
static rnc_process *start(rnc_processes *processes, const rnc_record *record) {
    const rnc_process_body *body = &record->process;
    rnc_process *known = find(processes, body->pid);
    if (known)
        rnc_processes_remove(processes, known);
    if (processes->used * 2 >= processes->places && !grow(processes))
        return NULL;
    rnc_process *process = calloc(1, sizeof *process);
    if (!process)
        return NULL;
    process->pid = body->pid;
    process->parent_pid = body->parent_pid;
    process->span_id = record->span_id;
    process->parent_id = record->parent_id;
    process->start = record->start;
    const rnc_process *parent = find(processes, body->parent_pid);
    if (parent && parent->image_count) {
        add_image(process, &parent->images[parent->image_count - 1]);
        process->inherited = process->image_count;
    }
    processes->table[place_of(processes, process->pid)] = process;
    processes->used++;
    return process;
}

/* Payload: the path, NUL, then the arguments joined by NULs. */
static void exec(rnc_process *process, const rnc_record *record) {
    const char *path = rnc_record_payload(record);
    const char *end = memchr(path, '\0', record->payload_size);
    if (!end)
        return;
    size_t args_size = record->payload_size - (size_t)(end + 1 - path);
    add_image(process, &(rnc_image){record->start, path, end + 1, args_size});
}

static void end(rnc_process *process, const rnc_record *record) {
    process->end = record->end;
    process->wait_status = record->process.wait_status;
    process->calls = record->process.calls;
}

rnc_process *rnc_processes_update(rnc_processes *processes, const rnc_record *record) {
    rnc_process *process;
    switch (record->kind) {
    case RNC_PROCESS_START:
        return start(processes, record);
    case RNC_PROCESS_EXEC:
        process = find(processes, record->process.pid);
        if (process)
            exec(process, record);
        return process;
    case RNC_PROCESS_EXIT:
        process = find(processes, record->process.pid);
        if (process)
            end(process, record);
        return process;
    case RNC_SYSCALL:
        process = find(processes, record->syscall.pid);
        if (process)
            process->recorded++;
        return process;
    case RNC_SIGNAL:
        return find(processes, record->signal.pid);
    default:
        return NULL;
    }
}
