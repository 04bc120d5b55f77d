"""y = 3x + 1 from six points in PyTorch, as its tutorials write it."""

import torch

x = torch.tensor([[-1.0], [0.0], [1.0], [2.0], [3.0], [4.0]])
y = 3 * x + 1
model = torch.nn.Linear(1, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
for _ in range(500):
    optimizer.zero_grad()
    loss = torch.nn.functional.mse_loss(model(x), y)
    loss.backward()
    optimizer.step()
    loss.item()
print(model(torch.tensor([[10.0]])).item())
