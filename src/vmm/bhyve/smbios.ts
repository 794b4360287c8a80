/** What bhyve_config(5) calls the strings of a machine's System Information structure. */
export const smbiosVariables = [
  ["manufacturer", "system.manufacturer"],
  ["product", "system.product_name"],
  ["version", "system.version"],
  ["serial", "system.serial_number"],
  ["sku", "system.sku"],
  ["family", "system.family_name"],
] as const;
