/* Microsoft's "FAT: General Overview of On-Disk Format", 1.03. */
#include "fat.h"

#include <string.h>

#include "bytes.h"
#include "sd_card.h"

#define PARTITION_START (0x1BEu + 8u)
#define ENTRY_SIZE 32u
#define ENTRY_LAST 0u
#define ENTRY_ATTRIBUTES 11u
#define ATTRIBUTE_VOLUME_OR_FOLDER 0x18u
#define FAT16_CLUSTERS 65525u /* from here on it is FAT32 */
#define CHAIN_END 0x0FFFFFF8u
#define ROOT_CLUSTERS_MAX 4096u /* a damaged chain may lead round in a circle */

static uint8_t block[SD_BLOCK];
static uint32_t cached = UINT32_MAX; /* the block that `block` holds */

static struct {
  uint32_t fat;               /* first block of the first table */
  uint32_t data;              /* block of cluster 2 */
  uint32_t cluster_blocks;
  uint32_t root;              /* FAT16: first block; FAT32: first cluster */
  uint32_t root_blocks;       /* FAT16 only */
  bool fat32;
} volume;

static bool load(uint32_t number)
{
  if (cached == number) {
    return true;
  }
  cached = number;
  if (sd_card_read(number, block)) {
    return true;
  }
  cached = UINT32_MAX;
  return false;
}

static bool is_boot_sector(void)
{
  return (block[0] == 0xEBu || block[0] == 0xE9u) && load_u16(block + 11) == SD_BLOCK && block[13] != 0;
}

static bool mount(void)
{
  uint32_t start = 0;
  if (!load(0)) {
    return false;
  }
  if (!is_boot_sector()) {
    start = load_u32(block + PARTITION_START);
    if (start == 0 || !load(start) || !is_boot_sector()) {
      return false;
    }
  }
  const uint32_t root_blocks = (load_u16(block + 17) * ENTRY_SIZE + SD_BLOCK - 1u) / SD_BLOCK;
  const uint32_t fat_blocks = load_u16(block + 22) != 0 ? load_u16(block + 22) : load_u32(block + 36);
  const uint32_t total = load_u16(block + 19) != 0 ? load_u16(block + 19) : load_u32(block + 32);
  const uint32_t before = load_u16(block + 14) + block[16] * fat_blocks + root_blocks;
  volume.cluster_blocks = block[13];
  volume.fat = start + load_u16(block + 14);
  volume.data = start + before;
  volume.root_blocks = root_blocks;
  volume.fat32 = (total - before) / volume.cluster_blocks >= FAT16_CLUSTERS;
  volume.root = volume.fat32 ? load_u32(block + 44) : volume.data - root_blocks;
  return true;
}

static uint32_t cluster_block(uint32_t cluster)
{
  return volume.data + (cluster - 2u) * volume.cluster_blocks;
}

/* CHAIN_END or more behind the last cluster, or when the card cannot be read. */
static uint32_t next_cluster(uint32_t cluster)
{
  const uint32_t offset = cluster * (volume.fat32 ? 4u : 2u);
  if (!load(volume.fat + offset / SD_BLOCK)) {
    return CHAIN_END;
  }
  const uint8_t *entry = block + offset % SD_BLOCK;
  const uint32_t next = volume.fat32 ? load_u32(entry) & 0x0FFFFFFFu : load_u16(entry);
  return !volume.fat32 && next >= 0xFFF8u ? CHAIN_END : next;
}

/* Looks through `count` blocks of the root folder. 0: not there, go on; UINT32_MAX: it ends here. */
static uint32_t find_in(uint32_t first, uint32_t count, const char name[12], uint32_t size)
{
  for (uint32_t i = 0; i < count * (SD_BLOCK / ENTRY_SIZE); i += 1u) {
    if (!load(first + i / (SD_BLOCK / ENTRY_SIZE))) {
      return UINT32_MAX;
    }
    const uint8_t *entry = block + i % (SD_BLOCK / ENTRY_SIZE) * ENTRY_SIZE;
    if (entry[0] == ENTRY_LAST) {
      return UINT32_MAX;
    }
    if ((entry[ENTRY_ATTRIBUTES] & ATTRIBUTE_VOLUME_OR_FOLDER) == 0 && memcmp(entry, name, 11) == 0) {
      const uint32_t cluster = load_u16(entry + 26) | (volume.fat32 ? (uint32_t)load_u16(entry + 20) << 16 : 0);
      return load_u32(entry + 28) >= size ? cluster : UINT32_MAX;
    }
  }
  return 0;
}

static uint32_t find(const char name[12], uint32_t size)
{
  if (!volume.fat32) {
    return find_in(volume.root, volume.root_blocks, name, size);
  }
  uint32_t cluster = volume.root;
  for (uint32_t i = 0; i < ROOT_CLUSTERS_MAX && cluster >= 2u && cluster < CHAIN_END; i += 1u) {
    const uint32_t found = find_in(cluster_block(cluster), volume.cluster_blocks, name, size);
    if (found != 0) {
      return found;
    }
    cluster = next_cluster(cluster);
  }
  return UINT32_MAX;
}

bool fat_read_file(const char name[12], uint8_t *bytes, uint32_t size)
{
  if (!mount()) {
    return false;
  }
  uint32_t cluster = find(name, size);
  for (uint32_t done = 0; done < size; cluster = next_cluster(cluster)) {
    if (cluster < 2u || cluster >= CHAIN_END) {
      return false;
    }
    for (uint32_t i = 0; i < volume.cluster_blocks && done < size; i += 1u) {
      if (!sd_card_read(cluster_block(cluster) + i, bytes + done)) {
        return false;
      }
      done += SD_BLOCK;
    }
  }
  return true;
}
