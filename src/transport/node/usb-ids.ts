/**
 * How IMBootloader names itself on USB. Its device descriptor must carry the same two numbers; its serial number
 * string is the board id.
 */
export const USB_VENDOR_ID = 0x1209;
export const USB_PRODUCT_ID = 0x0001;
