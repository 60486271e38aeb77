/** Numbers of the DMA requests (RM0433, tables "DMAMUX1/DMAMUX2: assignment of multiplexer inputs to resources"). */

import { DmaRequests, type DmaSignal } from "../peripherals/dma/dma-request.js";

/** DMAMUX1, from number 9 on; an empty word is a number without a request. */
const MUX1 =
  `ADC1 ADC2 TIM1_CH1 TIM1_CH2 TIM1_CH3 TIM1_CH4 TIM1_UP TIM1_TRIG TIM1_COM TIM2_CH1 TIM2_CH2 TIM2_CH3
TIM2_CH4 TIM2_UP TIM3_CH1 TIM3_CH2 TIM3_CH3 TIM3_CH4 TIM3_UP TIM3_TRIG TIM4_CH1 TIM4_CH2 TIM4_CH3 TIM4_UP I2C1_RX
I2C1_TX I2C2_RX I2C2_TX SPI1_RX SPI1_TX SPI2_RX SPI2_TX USART1_RX USART1_TX USART2_RX USART2_TX USART3_RX USART3_TX
TIM8_CH1 TIM8_CH2 TIM8_CH3 TIM8_CH4 TIM8_UP TIM8_TRIG TIM8_COM - TIM5_CH1 TIM5_CH2 TIM5_CH3 TIM5_CH4 TIM5_UP
TIM5_TRIG SPI3_RX SPI3_TX UART4_RX UART4_TX UART5_RX UART5_TX DAC1_CH1 DAC1_CH2 TIM6_UP TIM7_UP USART6_RX USART6_TX
I2C3_RX I2C3_TX DCMI CRYP_IN CRYP_OUT HASH_IN UART7_RX UART7_TX UART8_RX UART8_TX SPI4_RX SPI4_TX SPI5_RX SPI5_TX
SAI1_A SAI1_B SAI2_A SAI2_B SWPMI_RX SWPMI_TX SPDIF_RX_DT SPDIF_RX_CS HRTIM_MASTER HRTIM_A HRTIM_B HRTIM_C HRTIM_D
HRTIM_E DFSDM1_FLT0 DFSDM1_FLT1 DFSDM1_FLT2 DFSDM1_FLT3 TIM15_CH1 TIM15_UP TIM15_TRIG TIM15_COM TIM16_CH1 TIM16_UP
TIM17_CH1 TIM17_UP SAI3_A SAI3_B ADC3`.split(/\s+/);

const MUX2 = "LPUART1_RX LPUART1_TX SPI6_RX SPI6_TX I2C4_RX I2C4_TX SAI4_A SAI4_B ADC3".split(" ");
/** Numbers 1..8 are the request generators. */
const FIRST = 9;

export class ChipRequests {
  readonly mux1 = new DmaRequests();
  readonly mux2 = new DmaRequests();
  /** By number in DMAMUX1: who wants to know that a transfer for its request is through. */
  readonly #ends = new Map<number, () => void>();
  readonly #known = new Map<string, DmaSignal>();

  /** A peripheral's request by its name; one that no controller listens to is accepted and leads nowhere. */
  signal(name: string): DmaSignal {
    const ends: DmaSignal[] = [];
    const at1 = MUX1.indexOf(name);
    const at2 = MUX2.indexOf(name);
    if (at1 >= 0) ends.push(this.mux1.signal(FIRST + at1));
    if (at2 >= 0) ends.push(this.mux2.signal(FIRST + at2));
    const only = ends[0];
    if (ends.length === 1 && only !== undefined) return only;
    return {
      set: (asserted) => {
        for (const end of ends) end.set(asserted);
      },
      pulse: () => {
        for (const end of ends) end.pulse();
      },
    };
  }

  /** `listener` runs when a transfer is through that served the request. */
  onEnd(name: string, listener: () => void): void {
    this.#ends.set(FIRST + MUX1.indexOf(name), listener);
  }

  /** A stream is through that listened to request `id` of DMAMUX1. */
  ended(id: number): void {
    this.#ends.get(id)?.();
  }

  pulse(name: string): void {
    this.#signal(name).pulse();
  }

  /** Raises a request for as long as it is on. */
  hold(name: string, on: boolean): void {
    this.#signal(name).set(on);
  }

  #signal(name: string): DmaSignal {
    const known = this.#known.get(name) ?? this.signal(name);
    this.#known.set(name, known);
    return known;
  }
}
