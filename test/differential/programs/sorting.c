#include "torture.h"

struct node { struct node *left, *right; uint32_t key; uint16_t count; };
static struct node pool[512];
static uint32_t used;

static struct node *insert(struct node *tree, uint32_t key)
{
  if (tree == NULL) {
    struct node *made = &pool[used++ & 511];
    *made = (struct node){ NULL, NULL, key, 1 };
    return made;
  }
  if (key == tree->key) tree->count++;
  else if (key < tree->key) tree->left = insert(tree->left, key);
  else tree->right = insert(tree->right, key);
  return tree;
}

static void walk(const struct node *tree, int depth)
{
  if (tree == NULL) return;
  walk(tree->left, depth + 1);
  record(tree->key ^ (uint32_t)depth << 16 ^ tree->count);
  walk(tree->right, depth + 1);
}

static void quick(int32_t *v, int first, int last)
{
  if (first >= last) return;
  int32_t pivot = v[(first + last) / 2];
  int i = first, k = last;
  while (i <= k) {
    while (v[i] < pivot) i++;
    while (v[k] > pivot) k--;
    if (i <= k) { int32_t t = v[i]; v[i++] = v[k]; v[k--] = t; }
  }
  quick(v, first, k);
  quick(v, i, last);
}

void sorting(void)
{
  static int32_t v[600];
  static int16_t h[300];
  struct node *tree = NULL;
  for (int i = 0; i < 600; i++) v[i] = (int32_t)next();
  quick(v, 0, 599);
  for (int i = 0; i < 600; i += 7) record((uint32_t)v[i]);
  for (int i = 0; i < 300; i++) h[i] = (int16_t)next();
  for (int i = 1; i < 300; i++) {
    int16_t t = h[i];
    int k = i;
    for (; k > 0 && h[k - 1] > t; k--) h[k] = h[k - 1];
    h[k] = t;
  }
  for (int i = 0; i < 300; i += 3) record((uint32_t)h[i]);
  for (int i = 0; i < 400; i++) tree = insert(tree, next() & 0x3ff);
  walk(tree, 0);
}
