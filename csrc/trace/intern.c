/* Interned names: a growing hash set under the lock. Names are few (a program's operations), live
 * for ever, and are compared by address afterwards. */
#include <stdlib.h>
#include <string.h>

#include "trace/fork.h"
#include "trace/ids.h"

/* A program that makes names without end gets this one from here on, and memory stays bounded. */
#define NAMES_MAX 65536u
static const char beyond[] = "(more than 65536 names)";

static char **names; /* open addressing; a power of two of places, at most half of them used */
static size_t places;
static size_t used;

static uint64_t hash_of(const char *name, size_t size) {
    uint64_t hash = size;
    for (; size >= 8; name += 8, size -= 8) {
        uint64_t word;
        memcpy(&word, name, 8);
        hash = rnc_mix(hash ^ word);
    }
    uint64_t rest = 0;
    memcpy(&rest, name, size);
    return rnc_mix(hash ^ rest);
}

static char **place_of(char **table, size_t count, const char *name, size_t size) {
    size_t place = hash_of(name, size) & (count - 1);
    while (table[place] && (strlen(table[place]) != size || memcmp(table[place], name, size)))
        place = (place + 1) & (count - 1);
    return &table[place];
}

static bool grow(void) {
    size_t count = places ? places * 2 : 64;
    char **table = calloc(count, sizeof *table);
    if (!table)
        return false;
    for (size_t i = 0; i < places; i++)
        if (names[i])
            *place_of(table, count, names[i], strlen(names[i])) = names[i];
    free(names);
    names = table;
    places = count;
    return true;
}

static const char *intern(const char *name, size_t size) {
    if (used * 2 >= places && !grow())
        return NULL;
    char **place = place_of(names, places, name, size);
    if (*place)
        return *place;
    if (used == NAMES_MAX)
        return beyond;
    *place = strndup(name, size);
    if (*place)
        used++;
    return *place;
}

const char *rnc_intern(const char *name, size_t size) {
    size = strnlen(name, size);
    rnc_lock();
    const char *interned = intern(name, size);
    rnc_unlock();
    return interned;
}
