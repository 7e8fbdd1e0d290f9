from django.contrib.auth.models import Group
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.views.generic import DetailView, ListView
from rest_framework import generics, serializers, viewsets
from rest_framework.decorators import action, api_view
from rest_framework.response import Response
from rest_framework.views import APIView

from catalogue.models import Card, Category, Order, Product, Review


class ProductSerializer(serializers.ModelSerializer):
    class Meta:
        model = Product
        fields = ["id", "slug", "title"]


class ReviewSerializer(serializers.ModelSerializer):
    class Meta:
        model = Review
        fields = ["id", "stars"]


class CategorySerializer(serializers.ModelSerializer):
    class Meta:
        model = Category
        fields = ["name", "slug"]


def front_page(request):
    return HttpResponse("welcome")


class ProductPage(DetailView):
    queryset = Product.objects.filter(on_sale=True)

    def render_to_response(self, context, **kwargs):
        return HttpResponse(context["object"].title)


class CategoryPage(ListView):
    """The products of one category."""

    def get_queryset(self):
        return Product.objects.filter(category_id=self.kwargs["pk"], on_sale=True)

    def render_to_response(self, context, **kwargs):
        return HttpResponse(str(len(context["object_list"])))


def products_in(request, category):
    found = get_object_or_404(Category, slug=category)
    return JsonResponse({"products": list(found.product_set.values_list("slug", flat=True))})


def product_in_category(request, category_slug, pk):
    product = get_object_or_404(Product, pk=pk, category__slug=category_slug, on_sale=True)
    return HttpResponse(product.title)


def order_page(request, order_id):
    return HttpResponse(str(get_order(order_id).day))


def get_order(key):
    return get_object_or_404(Order, pk=key)


def orders_on(request, day):
    return HttpResponse(str(Order.objects.filter(day=day).count()))


def add_to_basket(request):
    return HttpResponse("added")


class ProductViewSet(viewsets.ModelViewSet):
    queryset = Product.objects.all()
    serializer_class = ProductSerializer
    lookup_field = "slug"

    @action(detail=True, methods=["get", "post"])
    def reviews(self, request, slug):
        return Response({"count": Review.objects.filter(product__slug=slug).count()})


class ReviewViewSet(viewsets.ReadOnlyModelViewSet):
    serializer_class = ReviewSerializer

    def get_queryset(self):
        raise AssertionError("describing the routes must not run the project's code")


class CategoryDetail(generics.RetrieveUpdateAPIView):
    queryset = Category.objects.all()
    serializer_class = CategorySerializer
    lookup_field = "name"
    http_method_names = ["get", "patch", "head", "options"]


class StockView(APIView):
    def get(self, request, product_pk=None):
        return Response({"product": product_pk, "stock": 3})


@api_view(["GET", "POST"])
def search(request):
    return Response({"found": []})


def archive(request, year, page=1):
    return HttpResponse(f"{year} {page}")


def legacy(request, number):
    return HttpResponse(number)


def about(request):
    return HttpResponse("about")


def help_page(request, topic):
    return HttpResponse(topic)


def person(request, username):
    return HttpResponse(username)


class CardPage(DetailView):
    model = Card

    def get(self, request, number):
        return HttpResponse(number)


class GroupPage(DetailView):
    """Of a model without a row."""

    model = Group


class NotToBeRun:
    """Refuses to be read while routes are described."""

    def __get__(self, instance, owner):
        raise AssertionError("describing the routes must not run the project's code")


class GuardedPage(DetailView):
    queryset = NotToBeRun()
